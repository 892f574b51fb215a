package git

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/skillrun/skillrun/engine/types"
)

// checkFree refuses a branch that git cannot keep beside the remote's: a is no branch
// where a/b is one, and the other way round. One that is there is free.
func (from *remoteRefs) checkFree(branch string) error {
	if _, there := from.branches[branch]; there {
		return nil
	}
	if other := clash(branch, types.SortedKeys(from.branches)); other != "" {
		return types.Errorf(types.Conflict, "branch %s conflicts with branch %s: in git, the name of a branch cannot be a folder of another", other, branch).
			WithHint("delete or rename it, or give this one another name").With("branch", other)
	}
	return nil
}

// clash is the name that git cannot keep beside another one, since it would be a folder
// for it, or the other way round; "" when there is none.
func clash(name string, others []string) string {
	for _, other := range others {
		if strings.HasPrefix(name, other+"/") || strings.HasPrefix(other, name+"/") {
			return other
		}
	}
	return ""
}

func short(h plumbing.Hash) string { return h.String()[:12] }

// partial reports whether the remote gives single objects, which cost small answers.
func (from *remoteRefs) partial() bool {
	return from.caps.Supports(capability.Filter) && from.caps.Supports(capability.Shallow) &&
		from.caps.Supports(capability.AllowReachableSHA1InWant)
}

func (from *remoteRefs) isTip(h plumbing.Hash) bool {
	return slices.Contains(slices.Collect(maps.Values(from.branches)), h)
}

// remoteRefs is what a remote advertises.
type remoteRefs struct {
	url      string
	branches map[string]plumbing.Hash
	// defaultBranch is what its HEAD points at.
	defaultBranch string
	caps          *capability.List
	greeting      *greeting       // nil when the remote is a folder of this machine
	ends          []plumbing.Hash // where its history ends, when the repository there is shallow
}

func refsOf(remote string, adv *packp.AdvRefs) *remoteRefs {
	out := &remoteRefs{url: remote, branches: map[string]plumbing.Hash{}, caps: adv.Capabilities}
	for name, h := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			out.branches[branch] = h
		}
	}
	for _, s := range adv.Capabilities.Get(capability.SymRef) {
		if target, ok := strings.CutPrefix(s, "HEAD:refs/heads/"); ok {
			out.defaultBranch = target
		}
	}
	if out.defaultBranch == "" && adv.Head != nil {
		out.defaultBranch = out.guess(*adv.Head)
	}
	return out
}

// at are the branches that are at a commit, by name.
func (from *remoteRefs) at(h plumbing.Hash) []string {
	var out []string
	for _, name := range types.SortedKeys(from.branches) {
		if from.branches[name] == h {
			out = append(out, name)
		}
	}
	return out
}

// guess is the default branch of a server that does not say what HEAD points at.
func (from *remoteRefs) guess(head plumbing.Hash) string {
	for _, name := range append([]string{"main", "master"}, types.SortedKeys(from.branches)...) {
		if from.branches[name] == head {
			return name
		}
	}
	return ""
}
