# Quality of the pairs of a stack: phase closure, loop errors, phase bias.
