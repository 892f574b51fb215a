package gitlab

import (
	"cmp"
	"context"
	"fmt"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// GitLab's roles that matter here. To see the merge requests of a private
// project, and to comment them, takes a Reporter; to open one from a branch of
// a project takes a Developer of that project.
const (
	reporter  = 20
	developer = 30
)

var roles = []struct {
	level int
	name  string
}{{50, "Owner"}, {40, "Maintainer"}, {developer, "Developer"}, {reporter, "Reporter"}, {15, "Planner"}, {10, "Guest"}, {5, "Minimal Access"}}

// roleName is a role in words; a custom one goes by the one below it.
func roleName(level int) string {
	for _, r := range roles {
		if level >= r.level {
			return "the role " + r.name
		}
	}
	return "no role"
}

// project checks a project against what the steps want of it.
func (x *examination) project(ctx context.Context, path string, a access) []step.Finding {
	w, subject := x.wants.projects[path], "project "+path
	var out []step.Finding
	if a.Archived && (w.write || w.push) {
		out = append(out, step.Failed(subject, types.Errorf(types.Forbidden, "project %s is archived: nothing can be changed in it", path).
			WithHint("have it unarchived, or name the project that took its place")))
	}
	if w.merge && a.MergeRequests == "disabled" {
		out = append(out, step.Failed(subject, types.Errorf(types.Forbidden, "merge requests are disabled in project %s", path).
			WithHint("ask a maintainer to enable them: Settings, General, Visibility")))
	}
	if w.ci && a.Builds == "disabled" {
		out = append(out, step.Failed(subject, types.Errorf(types.Forbidden, "pipelines are disabled in project %s", path).
			WithHint("ask a maintainer to enable CI/CD: Settings, General, Visibility")))
	}
	role, err := x.role(ctx, path, a)
	if err == nil {
		err = x.enough(path, a, role)
	}
	if err != nil {
		out = append(out, step.Failed(subject, err))
	}
	if out == nil {
		out = []step.Finding{{Subject: subject, Detail: fmt.Sprintf("%s, %s has %s there", cmp.Or(a.Visibility, "visible"), x.me.Username, roleName(role))}}
	}
	return out
}

// role asks once more when the project tells none: one that comes through an
// invited group stands elsewhere.
func (x *examination) role(ctx context.Context, path string, a access) (int, error) {
	if role := a.role(); role > 0 || x.me.Admin {
		return role, nil
	}
	return x.member(ctx, path, x.me.ID)
}

func (x *examination) enough(path string, a access, role int) error {
	need, why := 0, "see its merge requests"
	if a.Visibility == "private" {
		need = reporter
	}
	if x.wants.projects[path].push {
		need, why = developer, "open merge requests from its branches"
	}
	if role >= need || x.me.Admin {
		return nil
	}
	return types.Errorf(types.Forbidden, "%s has %s in project %s, and needs %s to %s", x.me.Username, roleName(role), path, roleName(need), why).
		WithHint("ask a maintainer of %s to give %s %s", path, x.me.Username, roleName(need))
}

// fork looks whether merge requests may go from one project to the other.
// Forks of forks are related too, which cannot always be seen from the two.
func fork(pair [2]string, source, target access) step.Finding {
	f := step.Finding{Subject: "fork " + pair[0], Detail: "a merge request may go from it to " + pair[1]}
	from := func(a access) int {
		if a.ForkedFrom == nil {
			return 0
		}
		return a.ForkedFrom.ID
	}
	switch {
	case from(source) == target.ID, from(target) == source.ID:
	case from(source) == 0 && from(target) == 0:
		return step.Failed(f.Subject, types.Errorf(types.Conflict, "project %s is not a fork of %s, and GitLab takes no merge request between them", pair[0], pair[1]).
			WithHint("fork %s in GitLab and name the fork as source_project; if it is one already, give the token access to both", pair[1]))
	case from(source) != from(target):
		return step.Finding{Subject: f.Subject, Skipped: "neither was made from " + pair[1] + " nor the other way round: whether they are related cannot be seen from here"}
	}
	return f
}
