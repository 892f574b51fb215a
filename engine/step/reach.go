package step

import (
	"context"
	"net"
	"slices"
	"strings"
)

// Place is a part of the world that a step looks at or changes. A plan compares
// places to know what a read can see of a write that has not happened.
type Place struct {
	Kind    string // of a service, or one of the kinds below
	Name    string // which one of its kind: a workspace, a state, a repository; "" is any. PLACE#PART is a part of one.
	Service string // the configured instance that it is reached through; "" is any
	Host    string // where that is, with or without a port; "" is not known
}

// The kinds of places that are no services.
const (
	Anywhere  = "anywhere"  // it is unknown where: all but workspaces
	Machine   = "machine"   // the files of this machine
	State     = "state"     // what is remembered from run to run
	Workspace = "workspace" // a folder of the run's own
	Service   = "service"   // a configured service, whatever its kind is
)

// Files are the part of a [Workspace] that its files are, beside what it knows
// of branches and commits.
const Files = "files"

// overHTTP is the kind of service that can be the other side of any of them.
const overHTTP = "http"

// Reach is where a step reaches with the arguments of one call.
type Reach struct {
	Sees []Place // what it looks at
	// Settled is where it looks for what never changes once it is there, such as
	// a commit. That it is not there yet is no answer forever.
	Settled []Place
	Changes []Place // what others can see changed by it
	Leads   []Place // where a later step may take what it makes
}

// Reaches declares where the step reaches. f is given the arguments that are
// known, and the [Call] in the context; what it cannot tell from them it leaves
// open, as a place without a name. It asks nothing of a network.
//
// A step that declares nothing reaches what its [Touch] says: the service that
// its argument service names, and the workspace that workspace names. One that
// has neither reaches anywhere.
func (s Step) Reaches(f func(context.Context, Use) Reach) Step {
	s.reach = f
	return s
}

// Nowhere is the [Step.Reaches] of a step that looks at its arguments only.
func Nowhere(context.Context, Use) Reach { return Reach{} }

// Reach is where a call of the step reaches.
func (s Step) Reach(ctx context.Context, u Use) Reach {
	if s.reach != nil {
		return s.reach(ctx, u)
	}
	var places, inside []Place
	if s.Touch.Service != "" {
		places = []Place{u.At(s.Touch.Service)}
	}
	if _, takes := s.In.Field(Workspace); takes {
		inside = u.Places(Workspace, Workspace)
	}
	if places == nil && (inside == nil && s.Effect == Reads || s.Effect == Writes) {
		places = []Place{{Kind: Anywhere}}
	}
	r := Reach{Sees: slices.Concat(places, inside)}
	switch s.Effect {
	case Writes:
		r.Changes = places
	case Locals:
		r.Changes = inside
	}
	return r
}

// At is the service that the argument names, else the one of the kind's name.
func (u Use) At(kind string) Place {
	p := Place{Kind: kind, Service: u.Text("service")}
	if p.Service == "" && !u.isUnknown("service") {
		p.Service = kind
	}
	return p
}

// Places is the place of a kind that a text argument names: none without the
// argument, any of the kind when it is not known yet.
func (u Use) Places(kind, argument string) []Place {
	if name := u.Text(argument); name != "" || u.isUnknown(argument) {
		return []Place{{Kind: kind, Name: name}}
	}
	return nil
}

func (u Use) isUnknown(argument string) bool { return slices.Contains(u.Unknown, argument) }

// Overlaps reports whether who looks at p can see what is changed at q. It is
// false only with a proof: another kind of place, another one of its kind, or
// another host. An http service can be the other side of any service.
func (p Place) Overlaps(q Place) bool {
	switch {
	case p.Kind == Workspace || q.Kind == Workspace:
		return p.Kind == q.Kind && p.mayEqual(q)
	case p.Kind == Anywhere || q.Kind == Anywhere:
		return true
	case p.Kind == q.Kind:
		return p.mayEqual(q)
	case p.Kind == overHTTP || q.Kind == overHTTP:
		return p.served() && q.served() && sameHost(p.Host, q.Host)
	case p.Kind == Service || q.Kind == Service:
		return p.served() && q.served() && p.mayShareService(q)
	}
	return false
}

// mayEqual reports whether two places of one kind may be the same one.
func (p Place) mayEqual(q Place) bool {
	if p.Name != "" && q.Name != "" {
		return p.Name == q.Name || strings.HasPrefix(p.Name, q.Name+"#") || strings.HasPrefix(q.Name, p.Name+"#")
	}
	return p.mayShareService(q)
}

// mayShareService reports whether two places may be of one service.
func (p Place) mayShareService(q Place) bool {
	switch {
	case p.Service != "" && p.Service == q.Service:
		return true
	case p.Service != "" && q.Service != "" && (p.Host == "" || q.Host == ""):
		return false // two instances, of which no one says that they are one
	}
	return sameHost(p.Host, q.Host)
}

func (p Place) served() bool { return p.Kind != Machine && p.Kind != State }

// sameHost reports whether two hosts may be one: one that is not known may be
// any, and one without a port listens on any.
func sameHost(a, b string) bool {
	if a == "" || b == "" {
		return true
	}
	aName, aPort := hostPort(a)
	bName, bPort := hostPort(b)
	return strings.EqualFold(aName, bName) && (aPort == bPort || aPort == "" || bPort == "")
}

func hostPort(host string) (name, port string) {
	if name, port, err := net.SplitHostPort(host); err == nil {
		return name, port
	}
	return strings.Trim(host, "[]"), ""
}
