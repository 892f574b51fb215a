package main

import (
	"runtime"
	"syscall"
)

// maxResident is the most memory that a process had, in bytes: Linux tells it in
// kilobytes, macOS in bytes.
func maxResident(used *syscall.Rusage) int64 {
	if used == nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(used.Maxrss)
	}
	return int64(used.Maxrss) << 10
}
