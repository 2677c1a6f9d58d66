"""The parts of the poll job: one look at a feed, what follows from it, what coverage tells of it, the guard of the clock."""
