package git

import (
	"context"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
)

type logIn struct {
	Repo         string   `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	To           string   `json:"to" doc:"The newer commit." pattern:"^[0-9a-f]{40}$"`
	From         string   `json:"from,omitempty" doc:"The older commit. Without it, only the newer one is listed; with path, since or author all behind it, up to 10,000, that these leave." pattern:"^[0-9a-f]{40}$"`
	Path         string   `json:"path,omitempty" doc:"Only commits that change this file or folder: what is there differs from each of their parents. A file is not followed through renames."`
	Since        string   `json:"since,omitempty" doc:"Only commits that were committed at this time or later." format:"date-time"`
	Author       string   `json:"author,omitempty" doc:"Only commits whose author, as in Ada <ada@example.com>, contains this text in any case."`
	Limit        int      `json:"limit,omitempty" doc:"How many commits are listed at most; the totals count all." default:"250" minimum:"1" maximum:"5000"`
	Service      string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
	JiraProjects []string `json:"jira_projects,omitempty" doc:"The Jira projects whose keys are looked for in messages, e.g. AAP; by default any, except names of standards such as UTF-8, SHA-256 and CVE-2024." pattern:"^[A-Z][A-Z0-9_]+$"`
}

func (in logIn) check(unknown step.UnknownPaths) error {
	if in.Path != "" && !unknown.Has("path") {
		if err := checkPaths(in.Path); err != nil {
			return err
		}
	}
	return checkRepo(unknown, "repo", in.Repo)
}

// Commit is one commit of a log.
type Commit struct {
	Sha      string   `json:"sha" doc:"The full SHA."`
	Short    string   `json:"short" doc:"Its first 12 digits."`
	Author   string   `json:"author" doc:"The author's name."`
	Date     string   `json:"date" doc:"When it was authored." format:"date-time"`
	Subject  string   `json:"subject" doc:"The first line of its message."`
	JiraKeys []string `json:"jira_keys" doc:"The Jira keys in its message, each once."`
}

type logOut struct {
	Commits         []Commit `json:"commits" doc:"Reachable from the newer commit and not from the older one, newest first, children before parents."`
	Total           int      `json:"total" doc:"How many those are; with path and without from, at least."`
	Truncated       bool     `json:"truncated" doc:"Whether a list was cut."`
	Relation        string   `json:"relation" doc:"How the commits are related: the newer one is the same, ahead (forward), behind (rollback), or neither (diverged)." enum:"same,forward,rollback,diverged"`
	Removed         []Commit `json:"removed" doc:"Reachable from the older commit and not from the newer one: what a rollback removes."`
	RemovedTotal    int      `json:"removed_total" doc:"How many those are."`
	DefaultBranch   string   `json:"default_branch" doc:"The remote's default branch."`
	OnDefaultBranch bool     `json:"on_default_branch" doc:"Whether the newer commit is on it."`
}

func (c *client) log(ctx context.Context, in logIn) (logOut, error) {
	var out logOut
	to, err := checkSHA("to", in.To)
	if err != nil {
		return out, err
	}
	need := []plumbing.Hash{to}
	if in.From != "" {
		from, err := checkSHA("from", in.From)
		if err != nil {
			return out, err
		}
		need = append(need, from)
	}
	r, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	err = r.retryDamaged(ctx, func() error { return r.fillLog(ctx, refs, &out, need, in) })
	return out, readError("read history", r.url, err)
}

// fillLog lists what is between the commits: need is the newer and perhaps the older one.
func (r *repo) fillLog(ctx context.Context, refs *remoteRefs, out *logOut, need []plumbing.Hash, in logIn) error {
	if err := r.withHistory(ctx, refs, need...); err != nil {
		return err
	}
	on, err := reaches(ctx, r.history, []plumbing.Hash{refs.branches[refs.defaultBranch]}, need[0])
	if err != nil {
		return err
	}
	*out = logOut{DefaultBranch: refs.defaultBranch, OnDefaultBranch: on, Removed: []Commit{}}
	added, removed, err := r.between(ctx, out, need, in)
	if err != nil {
		return err
	}
	enough := maxLooked
	if len(need) == 1 { // how many there are is not asked for
		enough = in.Limit
	}
	if added, err = r.filter(ctx, refs, added, in, enough); err != nil {
		return err
	}
	if removed, err = r.filter(ctx, refs, removed, in, enough); err != nil {
		return err
	}
	out.Total, out.RemovedTotal = len(added), len(removed)
	out.Truncated = out.Truncated || len(added) > in.Limit || len(removed) > in.Limit
	out.Commits, out.Removed = commitsOf(added, in.Limit, in.JiraProjects), commitsOf(removed, in.Limit, in.JiraProjects)
	return nil
}

// between finds the commits of which those that are asked for are listed, and how the
// two are related.
func (r *repo) between(ctx context.Context, out *logOut, need []plumbing.Hash, in logIn) (added, removed []*object.Commit, err error) {
	switch out.Relation = "same"; {
	case len(need) > 1:
		added, removed, err = compare(ctx, r.history, need[1:], need[0])
		out.Relation = relationOf(added, removed)
	case in.filtered():
		added, out.Truncated, err = behind(ctx, r.history, need[0])
	default:
		var c *object.Commit
		c, err = object.GetCommit(r.history, need[0])
		added = []*object.Commit{c}
	}
	return added, removed, err
}

func commitsOf(list []*object.Commit, limit int, projects []string) []Commit {
	out := []Commit{}
	for _, c := range list[:min(limit, len(list))] {
		out = append(out, commitOf(c, projects))
	}
	return out
}

func commitOf(c *object.Commit, projects []string) Commit {
	subject, _, _ := strings.Cut(strings.TrimLeft(c.Message, "\n"), "\n")
	return Commit{
		Sha: c.Hash.String(), Short: short(c.Hash), Author: c.Author.Name, Date: c.Author.When.Format(time.RFC3339),
		Subject: strings.TrimSpace(valid(subject)), JiraKeys: jiraKeys(c.Message, projects),
	}
}
