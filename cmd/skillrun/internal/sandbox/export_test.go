package sandbox

import "github.com/go-git/go-billy/v5"

// OnDisk gives a world another disk than the machine's.
func OnDisk(o Options, fs func(dir string) billy.Filesystem) Options {
	o.fs = fs
	return o
}
