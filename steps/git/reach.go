package git

import (
	"cmp"
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Where the steps reach: a repository on its server or, when its remote is a
// folder of this machine, this machine. A repository is told by its path alone:
// one server has several names. What stands behind # is a branch of it.

// readReach declares a read of the repository that repo names. refs are the arguments
// that say at which commits; those that are written out in full find the same
// forever, or nothing yet.
func (c *client) readReach(refs ...string) func(context.Context, step.Use) step.Reach {
	return func(ctx context.Context, u step.Use) step.Reach {
		var r step.Reach
		for _, ref := range refs {
			name := u.Text(ref)
			where := c.place(ctx, u.Text("service"), u.Text("repo"), branchOf(name), false)
			if shaRE().MatchString(name) {
				r.Settled = append(r.Settled, where...)
			} else {
				r.Sees = append(r.Sees, where...)
			}
		}
		if len(refs) == 0 {
			r.Sees = c.place(ctx, u.Text("service"), u.Text("repo"), "", false)
		}
		r.Leads = remotePlaces(u.Text("repo"))
		return r
	}
}

// remotePlaces are the remotes of a repository, written out: what a clone that is named
// by its folder fetches from, and pushes to, stands in a file of it. One that is a
// folder of this machine is told without symbolic links.
func remotePlaces(spec string) []step.Place {
	r := repo{url: spec, pushURL: spec}
	if spec == "" || isPath(spec) && r.addAlternate(spec) != nil {
		return nil
	}
	out := make([]step.Place, 0, 2)
	for _, remote := range []string{r.url, r.pushURL} {
		host, _ := hostAndPath(remote)
		if real, err := filepath.EvalSymlinks(remote); err == nil && isPath(remote) {
			remote = real
		} else if u, err := url.Parse(remote); err == nil {
			remote = u.Redacted()
		}
		out = append(out, step.Place{Kind: "git", Name: remote, Host: cmp.Or(host, "this machine")})
	}
	return slices.Compact(out)
}

var someSHA = types.Pattern(`^[0-9a-f]+$`)

// branchOf is the branch that a ref surely names, "" when it may be another one.
func branchOf(ref string) string {
	if someSHA().MatchString(ref) {
		return ""
	}
	return strings.TrimPrefix(ref, "refs/heads/")
}

// branchReach declares git_branch_create, which looks whether the branch is there.
func (c *client) branchReach(ctx context.Context, u step.Use) step.Reach {
	ws := u.Places(step.Workspace, "workspace")
	return step.Reach{
		Sees: append(c.target(ctx, u, "push_repo"), ws...), Changes: partPlaces(ws, "branch"),
		Leads: remotePlaces(u.Text("push_repo")),
	}
}

// commitReach declares git_commit, which works in a workspace only: the commits
// that it builds on do not change, and it leaves the files as they are.
func commitReach(_ context.Context, u step.Use) step.Reach {
	ws := u.Places(step.Workspace, "workspace")
	return step.Reach{Sees: ws, Changes: partPlaces(ws, "commit")}
}

// partPlaces is a part of each workspace that has a name, beside its files.
func partPlaces(workspaces []step.Place, name string) []step.Place {
	parts := slices.Clone(workspaces)
	for i, p := range parts {
		if p.Name != "" {
			parts[i].Name += "#" + name
		}
	}
	return parts
}

// pushReach declares git_push.
func (c *client) pushReach(ctx context.Context, u step.Use) step.Reach {
	to := c.target(ctx, u, "repo")
	return step.Reach{Sees: append(u.Places(step.Workspace, "workspace"), to...), Changes: to, Leads: remotePlaces(u.Text("repo"))}
}

// refReach declares a write to the repository that repo names: of the branch or tag
// that an argument names, whose reference begins so when it is no branch.
func (c *client) refReach(argument, prefix string) func(context.Context, step.Use) step.Reach {
	return func(ctx context.Context, u step.Use) step.Reach {
		name := u.Text(argument)
		if name != "" {
			name = prefix + name
		}
		at := c.place(ctx, u.Text("service"), u.Text("repo"), name, false)
		return step.Reach{Sees: at, Changes: at, Leads: remotePlaces(u.Text("repo"))}
	}
}

// moveReach declares git_branch_update.
func (c *client) moveReach(ctx context.Context, u step.Use) step.Reach {
	_, m, err := readMeta(ctx, u.Text("workspace"))
	if err != nil {
		m = meta{}
	}
	at := c.place(ctx, m.Service, m.Repo, u.Text("branch"), false)
	return step.Reach{Sees: append(u.Places(step.Workspace, "workspace"), at...), Changes: at}
}

// target is the branch that a workspace is, or will be, pushed to.
func (c *client) target(ctx context.Context, u step.Use, repo string) []step.Place {
	_, m, err := readMeta(ctx, u.Text("workspace"))
	branch, spec := cmp.Or(u.Text("branch"), m.Branch), cmp.Or(u.Text(repo), m.Push, m.Repo)
	for _, open := range u.Unknown {
		if open == repo || err != nil {
			spec = ""
		}
		if open == "branch" {
			branch = ""
		}
	}
	return c.place(ctx, m.Service, spec, branch, true)
}

// place is where a repository is, or may be when it cannot be told.
func (c *client) place(ctx context.Context, service, spec, branch string, push bool) []step.Place {
	r, err := c.resolve(ctx, service, spec)
	if spec == "" || err != nil {
		return []step.Place{{Kind: "git"}, {Kind: step.Machine}}
	}
	remote := r.url
	if push {
		remote = r.pushURL
	}
	host, path := hostAndPath(remote)
	if host == "" {
		return []step.Place{{Kind: step.Machine}}
	}
	if branch != "" {
		path += "#" + branch
	}
	return []step.Place{{Kind: "git", Name: path, Host: host}}
}

// hostAndPath takes a remote apart; a folder of this machine has no host. The port of
// ssh is left out: a server has others for what else it does.
func hostAndPath(remote string) (host, path string) {
	if ssh := sshRemote(remote); ssh != nil {
		host, path = ssh.Host, ssh.Path
	} else if u, err := url.Parse(remote); err == nil && !isPath(remote) {
		host, path = u.Host, u.Path
	} else {
		return "", remote
	}
	return host, strings.ToLower(strings.TrimSuffix(strings.Trim(path, "/"), ".git"))
}
