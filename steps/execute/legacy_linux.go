//go:build !amd64

package execute

// legacy are calls of other architectures.
func legacy() (calls map[uint32]attributeCall, missing []uint32) { return nil, nil }
