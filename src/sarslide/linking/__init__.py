"""Phase linking: one phase a date from the interferograms of all dates of a stack.

The engine `native` makes its filtered pairs of these phases where `interferogram.linking` asks for
it, in the place of the Goldstein filter.
"""
