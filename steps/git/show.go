package git

import (
	"context"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
)

type showIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Commit  string `json:"commit,omitempty" doc:"A full SHA or a branch; without it the remote's default branch." format:"git-branch"`
	Limit   int    `json:"limit,omitempty" doc:"How many files are listed at most; total counts all." default:"300" minimum:"1" maximum:"3000"`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

func (in showIn) check(unknown step.UnknownPaths) error { return checkRepo(unknown, "repo", in.Repo) }

type showOut struct {
	Sha            string        `json:"sha" doc:"The commit's full SHA."`
	Short          string        `json:"short" doc:"Its first 12 digits."`
	Subject        string        `json:"subject" doc:"The first line of its message."`
	Body           string        `json:"body" doc:"The rest of its message, trailers included."`
	Trailers       []Trailer     `json:"trailers" doc:"The trailers of its message."`
	Author         string        `json:"author" doc:"The author's name."`
	Email          string        `json:"email" doc:"The author's email address."`
	Date           string        `json:"date" doc:"When it was authored." format:"date-time"`
	Committer      string        `json:"committer" doc:"The committer's name."`
	CommitterEmail string        `json:"committer_email" doc:"The committer's email address."`
	CommitterDate  string        `json:"committer_date" doc:"When it was committed." format:"date-time"`
	Parents        []string      `json:"parents" doc:"The SHAs of its parents: none of a first commit, several of a merge."`
	Files          []ChangedFile `json:"files" doc:"The files that differ from the first parent, by name."`
	Total          int           `json:"total" doc:"How many those are."`
	Truncated      bool          `json:"truncated" doc:"Whether the list was cut at the limit."`
}

func (c *client) show(ctx context.Context, in showIn) (showOut, error) {
	var out showOut
	r, refs, h, err := c.lookAt(ctx, in.Service, in.Repo, in.Commit)
	if err != nil {
		return out, err
	}
	err = r.retryDamaged(ctx, func() error {
		if err := r.checkOnRemote(ctx, refs, h); err != nil {
			return err
		}
		if err := r.ensurePath(ctx, refs, h, ""); err != nil {
			return err
		}
		commit, err := object.GetCommit(r.trees, h)
		if err != nil {
			return err
		}
		out = shown(commit)
		return r.fillShow(ctx, refs, &out, commit, in.Limit)
	})
	return out, readError("show", r.url, err)
}

func (r *repo) fillShow(ctx context.Context, refs *remoteRefs, out *showOut, c *object.Commit, limit int) error {
	var parent plumbing.Hash
	if len(c.ParentHashes) > 0 {
		parent = c.ParentHashes[0]
	}
	list, err := r.changes(ctx, refs, parent, c.Hash, nil)
	if err != nil {
		return err
	}
	out.Total, out.Truncated = len(list), len(list) > limit
	patches, err := r.patches(ctx, refs, []plumbing.Hash{parent, c.Hash}, list[:min(len(list), limit)], looking)
	for _, p := range patches {
		out.Files = append(out.Files, p.describe())
	}
	return err
}

// shown is a commit without its files.
func shown(c *object.Commit) showOut {
	message := valid(strings.TrimLeft(c.Message, "\n"))
	subject, body, _ := strings.Cut(message, "\n")
	out := showOut{
		Sha: c.Hash.String(), Short: short(c.Hash), Subject: strings.TrimSpace(subject), Body: strings.Trim(body, "\n"),
		Trailers: trailersOf(message), Author: valid(c.Author.Name), Email: valid(c.Author.Email), Date: c.Author.When.Format(time.RFC3339),
		Committer: valid(c.Committer.Name), CommitterEmail: valid(c.Committer.Email), CommitterDate: c.Committer.When.Format(time.RFC3339),
		Parents: []string{}, Files: []ChangedFile{},
	}
	for _, p := range c.ParentHashes {
		out.Parents = append(out.Parents, p.String())
	}
	return out
}
