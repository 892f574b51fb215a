package git

import (
	"cmp"
	"context"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
)

type fetchIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL. A clone is only asked for its remote; nothing in it changes." trusted:"true"`
	Ref     string `json:"ref,omitempty" doc:"A branch or a full SHA; without it the remote's default branch." format:"git-branch"`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

func (in fetchIn) check(unknown step.UnknownPaths) error { return checkRepo(unknown, "repo", in.Repo) }

type fetchOut struct {
	Ref             string   `json:"ref" doc:"The ref that was given, else the default branch."`
	Commit          string   `json:"commit" doc:"The commit that it points at now."`
	Short           string   `json:"short" doc:"Its first 12 digits."`
	Subject         string   `json:"subject" doc:"The first line of its message."`
	Author          string   `json:"author" doc:"The author's name."`
	Date            string   `json:"date" doc:"When it was authored." format:"date-time"`
	DefaultBranch   string   `json:"default_branch" doc:"The remote's default branch."`
	DefaultCommit   string   `json:"default_commit" doc:"The commit that the default branch is at now."`
	OnDefaultBranch bool     `json:"on_default_branch" doc:"Whether the default branch holds the commit."`
	Ahead           int      `json:"ahead" doc:"How many commits it has that the default branch lacks."`
	Behind          int      `json:"behind" doc:"How many commits the default branch has that it lacks."`
	Branches        []string `json:"branches" doc:"The remote's branches that point at this commit."`
}

// fetchRef brings a commit's history into the cache, and says what the remote has now.
func (c *client) fetchRef(ctx context.Context, in fetchIn) (fetchOut, error) {
	var out fetchOut
	r, refs, h, err := c.lookAt(ctx, in.Service, in.Repo, in.Ref)
	if err != nil {
		return out, err
	}
	err = r.retryDamaged(ctx, func() error {
		out = fetchOut{Ref: in.Ref, Branches: []string{}}
		return r.fillFetch(ctx, refs, &out, h)
	})
	return out, readError("fetch", r.url, err)
}

func (r *repo) fillFetch(ctx context.Context, refs *remoteRefs, out *fetchOut, h plumbing.Hash) error {
	if err := r.withHistory(ctx, refs, h); err != nil {
		return err
	}
	c, err := object.GetCommit(r.history, h)
	if err != nil {
		return err
	}
	home := refs.branches[refs.defaultBranch]
	ahead, behind, err := compare(ctx, r.history, []plumbing.Hash{home}, h)
	if err != nil {
		return err
	}
	about := commitOf(c, nil)
	out.Commit, out.Short, out.Subject, out.Author, out.Date = about.Sha, about.Short, about.Subject, about.Author, about.Date
	out.DefaultBranch, out.DefaultCommit = refs.defaultBranch, home.String()
	out.Ahead, out.Behind, out.OnDefaultBranch = len(ahead), len(behind), len(ahead) == 0
	out.Ref = cmp.Or(out.Ref, refs.defaultBranch)
	out.Branches = append(out.Branches, refs.at(h)...)
	return nil
}
