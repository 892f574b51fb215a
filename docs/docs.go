// Package docs holds the pages of the book, for the program to print and to turn into a
// site: what `skillrun explain` says about a diagnostic is the page's own text.
package docs

import "embed"

// Pages are the pages and the pictures in them, by their file names.
//
//go:embed *.md *.png
var Pages embed.FS
