// Package yamlfile holds the steps that read and edit YAML without
// reformatting it.
//
// An edit replaces the bytes of the chosen scalars and nothing else: comments,
// order, indentation, line ends, folded text and the other documents of the
// file stay as they are, which is what a reviewer of a configuration change
// expects to see. The parser only says where a scalar begins; [Change] splices
// the bytes, parses the result again and compares the two trees node by node
// before it gives anything back.
//
// Values are chosen with JSONPath (RFC 9535). The path is asked of a view of
// each document in which aliases and merge keys are resolved and scalars have
// the types of YAML 1.2's core schema. So a read sees what a program would
// load, and an edit can tell a value that stands in its place from one that
// only comes there through an alias.
package yamlfile

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Steps returns the steps of the family.
func Steps() []step.Step {
	return []step.Step{
		step.Checked(step.Read("yaml_get", "Read values from YAML by JSONPath.", get).
			Reaches(looks).Touches("", "file", "read").Errors(types.NotFound, types.Conflict), getIn.check),
		step.Checked(step.Local("yaml_set", "Set a scalar in a YAML file of a workspace, leaving every other byte unchanged.", set).
			Touches("", "file", "edit").Errors(types.NotFound, types.Conflict), setIn.check),
	}
}
