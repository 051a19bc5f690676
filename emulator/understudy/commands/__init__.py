"""The commands of `understudy`, one module each, imported only when they are called."""
