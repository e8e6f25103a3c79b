"""Which finding is which: the same before and after a change, and one cause that several rules see."""
