package git

import (
	"cmp"
	"context"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type diffIn struct {
	Repo     string   `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	From     string   `json:"from" doc:"The older side: a branch or a full SHA." format:"git-branch"`
	To       string   `json:"to,omitempty" doc:"The newer side: a branch or a full SHA; without it the remote's default branch." format:"git-branch"`
	Paths    []string `json:"paths,omitempty" doc:"Only these files, and what is below these folders."`
	Since    string   `json:"since,omitempty" doc:"What the newer side is compared with: the older one (from, as git diff a..b does), or their merge base (merge_base, as git diff a...b does)." default:"from" enum:"from,merge_base"`
	Limit    int      `json:"limit,omitempty" doc:"How many files are listed at most; total counts all." default:"300" minimum:"1" maximum:"3000"`
	MaxBytes int      `json:"max_bytes,omitempty" doc:"How many bytes of the diff are returned at most, cut after a line; 0 returns none." default:"65536" minimum:"0" maximum:"1048576"`
	Service  string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type diffOut struct {
	From      string        `json:"from" doc:"The older side's commit."`
	To        string        `json:"to" doc:"The newer side's commit."`
	MergeBase string        `json:"merge_base" doc:"The merge base; empty when they have no history in common."`
	Relation  string        `json:"relation" doc:"How the commits are related: the newer one is the same, ahead (forward), behind (rollback), or neither (diverged)." enum:"same,forward,rollback,diverged"`
	Files     []ChangedFile `json:"files" doc:"The files that differ, by name."`
	Total     int           `json:"total" doc:"How many those are."`
	Additions int           `json:"additions" doc:"Lines that were added in the listed files."`
	Deletions int           `json:"deletions" doc:"Lines that were deleted in the listed files."`
	Diff      string        `json:"diff" doc:"The difference as a unified diff."`
	Truncated bool          `json:"truncated" doc:"Whether the list or the diff was cut."`
}

func (in diffIn) check(unknown step.UnknownPaths) error {
	return cmp.Or(checkRepo(unknown, "repo", in.Repo), checkPaths(in.Paths...))
}

func (c *client) diff(ctx context.Context, in diffIn) (diffOut, error) {
	var out diffOut
	r, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	from, err := r.resolve(refs, in.From)
	if err != nil {
		return out, err
	}
	to, err := r.resolve(refs, in.To)
	if err != nil {
		return out, err
	}
	err = r.retryDamaged(ctx, func() error {
		out = diffOut{From: from.String(), To: to.String(), Files: []ChangedFile{}}
		return r.fillDiff(ctx, refs, &out, in)
	})
	return out, readError("compare", r.url, err)
}

func (r *repo) fillDiff(ctx context.Context, refs *remoteRefs, out *diffOut, in diffIn) error {
	from, to := plumbing.NewHash(out.From), plumbing.NewHash(out.To)
	if err := r.withHistory(ctx, refs, from, to); err != nil {
		return err
	}
	onlyTo, onlyFrom, err := compare(ctx, r.history, []plumbing.Hash{from}, to)
	if err != nil {
		return err
	}
	out.Relation = relationOf(onlyTo, onlyFrom)
	base, err := r.mergeBase(ctx, from, to, onlyTo, onlyFrom)
	if err != nil {
		return err
	}
	if !base.IsZero() {
		out.MergeBase = base.String()
	}
	if in.Since == "merge_base" {
		if base.IsZero() {
			return types.Errorf(types.BadInput, "%s and %s have no history in common", short(from), short(to)).
				WithHint("compare them directly: since: from")
		}
		from = base
	}
	list, err := r.changes(ctx, refs, from, to, in.Paths)
	if err != nil {
		return err
	}
	out.Total, out.Truncated = len(list), len(list) > in.Limit
	patches, err := r.patches(ctx, refs, []plumbing.Hash{from, to}, list[:min(len(list), in.Limit)], looking)
	if err != nil {
		return err
	}
	for _, p := range patches {
		f := p.describe()
		out.Files = append(out.Files, f)
		out.Additions += f.Additions
		out.Deletions += f.Deletions
	}
	text, cut := unified(patches, in.MaxBytes)
	out.Diff, out.Truncated = text, out.Truncated || cut
	return nil
}
