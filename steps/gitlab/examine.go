package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Examine returns what looks whether a GitLab can do what a skill needs of it:
// it is reached, it takes the token, the token reaches far enough and lasts, and
// the projects and people that the skill names are there and let it work.
func Examine(services map[string]Service) step.Examine {
	return func(ctx context.Context, service string, uses []step.Use, now time.Time) []step.Finding {
		s, name, err := step.Pick(services, "gitlab", service)
		if err != nil {
			return []step.Finding{step.Failed("service "+name, err)}
		}
		findings, ok := rest.Reach(ctx, s.Transport, s.Timeout, s.URL, now)
		if !ok {
			return findings
		}
		c, err := family{services}.connect(name)
		if err != nil {
			return append(findings, step.Failed("token", err))
		}
		x := examination{client: c, now: now, wants: wantsOf(uses)}
		return append(findings, x.all(ctx)...)
	}
}

// wants is what the steps of a skill need of a GitLab.
type wants struct {
	writes   []string         // the nodes that write
	projects map[string]*want // by path
	forks    [][2]string      // source and target
	people   []string
	unknown  []step.Finding // what is not known before the skill runs
}

// want is what they need of one project.
type want struct {
	push  bool // open merge requests from its branches
	write bool // change something in it
	merge bool // open merge requests into it
	ci    bool // look at its pipelines
}

func wantsOf(uses []step.Use) *wants {
	w := &wants{projects: map[string]*want{}}
	steps := Steps(nil)
	for _, u := range uses {
		w.add(u, step.Needs(steps, u))
	}
	slices.Sort(w.people)
	w.people = slices.Compact(w.people)
	return w
}

// What steps need of a project, and of GitLab; see [step.Need].
const (
	toSee          = "see"
	toSeePipelines = "see pipelines"
	toWrite        = "write"
	toMerge        = "merge"
	toPush         = "push"
	users          = "users"
)

func (w *wants) add(u step.Use, needs []step.Need) {
	target := u.Text("project")
	if target == "" {
		w.unknown = append(w.unknown, step.Finding{Subject: "project of step " + u.Node, Skipped: "it is known only when the skill runs"})
	}
	for _, n := range needs {
		if n.What == users {
			for _, name := range n.Of {
				w.people = append(w.people, texts(u.Args[name])...)
			}
			continue
		}
		if n.What == toMerge || n.What == toWrite {
			w.writes = append(w.writes, u.Node)
		}
		if path := u.Named(n); path != "" && target != "" {
			w.want(n.What, path, target)
		}
	}
}

// want notes what is needed of the project at path by a step about target.
func (w *wants) want(what, path, target string) {
	of := w.project(path)
	of.merge = of.merge || what == toMerge
	of.write = of.write || what == toMerge || what == toWrite
	of.ci = of.ci || what == toSeePipelines
	of.push = of.push || what == toPush
	if pair := [2]string{path, target}; path != target && !slices.Contains(w.forks, pair) {
		w.forks = append(w.forks, pair)
	}
}

func (w *wants) project(path string) *want {
	if w.projects[path] == nil {
		w.projects[path] = &want{}
	}
	return w.projects[path]
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

type examination struct {
	*client
	now   time.Time
	wants *wants
	me    user
}

func (x *examination) all(ctx context.Context) []step.Finding {
	me, err := x.client.me(ctx)
	if err != nil {
		return []step.Finding{step.Failed("token", err)}
	}
	x.me = me
	out := append([]step.Finding{{Subject: "account", Detail: "GitLab accepts the token; it is " + me.Username + "'s"}}, x.token(ctx)...)
	seen := map[string]access{}
	for _, path := range types.SortedKeys(x.wants.projects) {
		a, err := x.access(ctx, path)
		if err != nil {
			out = append(out, step.Failed("project "+path, err))
			continue
		}
		seen[path] = a
		out = append(out, x.project(ctx, path, a)...)
	}
	for _, pair := range x.wants.forks {
		source, one := seen[pair[0]]
		target, other := seen[pair[1]]
		if one && other {
			out = append(out, fork(pair, source, target))
		}
	}
	for _, name := range x.wants.people {
		out = append(out, x.person(ctx, name))
	}
	return append(out, x.wants.unknown...)
}

// lasts is how near its end a token is worth a word.
const lasts = 14 * 24 * time.Hour

// token looks at the token itself. GitLab tells about personal, project and
// group access tokens, and nothing about other kinds.
func (x *examination) token(ctx context.Context) []step.Finding {
	t, err := x.self(ctx)
	switch types.CodeOf(err) {
	case "":
	case types.Auth, types.Forbidden, types.NotFound, types.BadInput:
		return []step.Finding{{Subject: "token", Skipped: "this GitLab gives no information about this kind of token"}}
	default:
		return []step.Finding{step.Failed("token", err)}
	}
	f := step.Finding{Subject: "token", Detail: fmt.Sprintf("%q with scope %s, does not end", t.Name, strings.Join(t.Scopes, ", "))}
	if !t.Ends.IsZero() {
		f.Detail = strings.TrimSuffix(f.Detail, "does not end") + "until " + t.Ends.Format(time.DateOnly)
		if left := t.Ends.Sub(x.now); left < lasts {
			f.Detail += fmt.Sprintf(": that is in %d days, make a new one", max(0, int(left.Hours()/24)))
		}
	}
	if err := x.scope(t); err != nil {
		return []step.Finding{step.Failed("token", err)}
	}
	return []step.Finding{f}
}

// scope checks the token's scopes against what the steps do. A fine-grained
// token lists its permissions elsewhere.
func (x *examination) scope(t token) error {
	enough := []string{"api", "granular"}
	if len(x.wants.writes) == 0 {
		enough = append(enough, "read_api")
	}
	if len(x.wants.projects) == 0 || slices.ContainsFunc(t.Scopes, func(s string) bool { return slices.Contains(enough, s) }) {
		return nil
	}
	need := enough[len(enough)-1]
	if len(x.wants.writes) > 0 {
		need = "api, which step " + x.wants.writes[0] + " needs"
	}
	return types.Errorf(types.Forbidden, "the token %q has the scope %s, and not %s", t.Name, strings.Join(t.Scopes, ", "), need).
		WithHint("make a token with the scope api in GitLab, and put it where the service's token comes from")
}

func (x *examination) person(ctx context.Context, name string) step.Finding {
	u, there, err := x.user(ctx, name)
	if err == nil && !there {
		err = noUser(name)
	}
	if err != nil {
		return step.Failed("user "+name, err)
	}
	return step.Finding{Subject: "user " + name, Detail: fmt.Sprintf("is there, with number %d", u.ID)}
}
