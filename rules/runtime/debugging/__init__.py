"""Modes for developers: debuggers, reloaders, what switches them on."""
