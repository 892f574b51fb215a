// Package jira is the family of steps that file issues in Jira, link, comment
// and move them, and look at them. It speaks REST version 2, which Jira Cloud
// and Jira Data Center share but for the search and the credential.
//
// # An issue is filed once
//
// Jira has no idempotency key, and its search lags behind its issues. So an
// issue is filed together with two markers: the label "skr-KEY", which can be
// searched for, and the entity property "skillrun", which holds the key, the
// argument digest and the run, and which no clone of the issue inherits. It is
// found again
//
//  1. by its label; and, while the index may not know it yet,
//  2. by its number: numbers count up within a project and reads by key do not
//     go through the index, so the numbers around and above the newest known
//     issue are read, side by side, until several in a row do not exist.
//
// Where a project takes no labels, or a site keeps no properties, the mark that
// is kept has to do: see marks.go.
//
// After a request whose answer was lost it is looked for until it cannot appear
// any more; two issues of one key are named, and left to a person.
//
// A remote link has a key of its own, the global id; Jira updates the link
// when the id is there already. A comment holds the entity property "skillrun"
// as an issue does, and the comments of an issue are read past the index. A
// transition is done when the issue is in the status; it leaves a property on
// the issue, so that an issue that someone moved on is not moved back.
//
// On request an issue is closed again, and a link or a comment deleted, when it
// holds our marker. A transition stays: which way back is the right one, only a
// person knows.
//
// # What is done to text
//
// A summary is one line. A description and a comment may quote anybody and are
// sent as they are: no step builds markup of its own around it, so there is nothing to break out
// of. A link leads to http or https.
package jira

import (
	"net/http"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Service is one Jira, as the configuration names it.
type Service struct {
	URL        string            // "https://example.atlassian.net", with the path it lives under
	User       string            // on Cloud, whose API token Token is; on Data Center only where Token is a password
	Token      types.Secret      // an API token on Cloud, a personal access token (or User's password) on Data Center
	Deployment string            // "cloud" (also "") or "datacenter"
	Transport  http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout    time.Duration     // for one exchange; 0 is no limit
}

// The deployments.
const (
	cloud      = "cloud"
	datacenter = "datacenter"
)

type family struct{ services map[string]Service }

// At says which Jira a step talks to; it is part of every In.
type At struct {
	Service string `json:"service,omitempty" doc:"The name of the Jira service in the configuration." default:"jira" pattern:"^[a-z][a-z0-9_-]*$" trusted:"true"`
}

// ServiceName is the service that a step talks to.
func (at At) ServiceName() string { return at.Service }

// About is nothing, where a step does not say otherwise.
func (At) About() (what, thing string) { return "", "" }

// check refuses, before any request, what cannot work.
func (s Service) check(name string) error {
	switch {
	case s.Deployment != "" && s.Deployment != cloud && s.Deployment != datacenter:
		return types.Errorf(types.BadInput, "service %q has the deployment %q", name, s.Deployment).
			WithHint("write deployment: cloud or deployment: datacenter in skillrun.yaml")
	case s.Token.IsZero():
		return types.Errorf(types.Auth, "service %q has no token", name).
			WithHint("name one in skillrun.yaml, e.g. token: env:JIRA_TOKEN")
	case s.User == "" && s.Deployment != datacenter:
		return types.Errorf(types.Auth, "service %q has no user", name).
			WithHint("Jira Cloud requires the account's e-mail address beside its API token: user: env:JIRA_USER")
	}
	return nil
}
