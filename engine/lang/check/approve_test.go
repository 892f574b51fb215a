package check_test

import "context"

// agreedIn and agreedOut are of a step that tells who agreed.
type agreedIn struct {
	ID  string   `json:"id" doc:"Which."`
	By  []string `json:"by,omitempty" doc:"Who may." trusted:"true"`
	Not string   `json:"not,omitempty" doc:"Who may not." enum:"requester" trusted:"true"`
}

type agreedOut struct {
	Approved bool    `json:"approved" doc:"Whether."`
	By       *string `json:"by,omitempty" doc:"Who."`
	At       *string `json:"at,omitempty" doc:"When." format:"date-time"`
	Digest   *string `json:"digest,omitempty" doc:"What."`
	KnownBy  *string `json:"known_by,omitempty" doc:"How."`
}

func agreed(context.Context, agreedIn) (agreedOut, error) { return agreedOut{}, nil }
