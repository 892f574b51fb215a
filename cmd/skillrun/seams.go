//go:build !failpoint

package main

func newSeams(func(string) (string, bool)) seams { return seams{} }
