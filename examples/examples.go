// Package examples holds the examples of the language, one idea each, as data: the pages of
// the site are made from them.
package examples

import "embed"

// FS holds the examples, the step types that they use, and the tests of both.
//
//go:embed *.yaml steps/*.yaml rewritten/*.yaml rewritten/steps/*.yaml
var FS embed.FS
