//go:build !failpoint

package main

import (
	"net/http"

	"github.com/skillrun/skillrun/engine"
)

// seams are what stands between the program and the disk and the network:
// nothing, but in the build that a sweep kills.
type seams struct {
	disk engine.Disk
	wrap func(http.RoundTripper) http.RoundTripper
}

func newSeams(func(string) (string, bool)) seams { return seams{} }
