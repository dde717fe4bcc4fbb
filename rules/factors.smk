# Which layers tell landslides from other ground (P3 3.1 and 4.1; H01-H03).
