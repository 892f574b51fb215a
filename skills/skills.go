// Package skills holds the skills that are built in, as data.
package skills

import "embed"

// FS holds NAME.yaml for each built-in skill, and its tests, NAME_test.yaml.
//
//go:embed *.yaml
var FS embed.FS
