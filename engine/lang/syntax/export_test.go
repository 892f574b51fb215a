package syntax

// Aligned reports whether a scalar's value was brought together with its source.
func (n *Node) Aligned() bool { return n.spans != nil }
