package engine

// NodeAt is for tests.
var NodeAt = nodeAt
