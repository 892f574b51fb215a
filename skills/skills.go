// Package skills holds the skills that are built in, as data.
package skills

import "embed"

// FS holds NAME.yaml for each built-in skill.
//
//go:embed *.yaml
var FS embed.FS
