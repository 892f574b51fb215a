package git

import (
	"context"
	"crypto/sha256"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
)

type rebaseIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Commit  string `json:"commit" doc:"The tip of the branch, as it was looked at. Between it and the other commit there are no merges." pattern:"^[0-9a-f]{40}$"`
	Onto    string `json:"onto" doc:"The commit that its commits are applied to." pattern:"^[0-9a-f]{40}$"`
	Name    string `json:"name,omitempty" makes:"true" doc:"The workspace's name; by default as that of git_checkout." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type rebaseOut struct {
	Workspace string `json:"workspace" doc:"The workspace, for the steps that push. It holds no files."`
	Sha       string `json:"sha" doc:"The new tip."`
	Rebased   int    `json:"rebased" doc:"How many commits were applied: one whose changes are there already is not. 0 when the branch is based on the other commit already."`
}

func (in rebaseIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "repo", in.Repo)
}

// rebase applies what a branch has to another commit.
func (c *client) rebase(ctx context.Context, in rebaseIn) (rebaseOut, error) {
	onto, err := checkSHA("onto", in.Onto)
	if err != nil {
		return rebaseOut{}, err
	}
	tip, err := checkSHA("commit", in.Commit)
	if err != nil {
		return rebaseOut{}, err
	}
	p, err := c.replayOn(ctx, in.Name, in.Service, in.Repo, onto)
	if err != nil {
		return rebaseOut{}, err
	}
	out := rebaseOut{Workspace: p.name()}
	err = p.r.retryDamaged(ctx, func() error { return p.rebase(ctx, &out, tip) })
	return out, p.failed("rebase", err)
}

func (p *replay) rebase(ctx context.Context, out *rebaseOut, tip plumbing.Hash) error {
	if err := p.begin(ctx, tip); err != nil {
		return err
	}
	ours, theirs, err := compare(ctx, p.r.history, []plumbing.Hash{p.w.base()}, tip)
	if err != nil {
		return err
	}
	out.Rebased = 0
	if len(theirs) == 0 { // it is based on it already
		p.w.meta.Head = tip.String()
	} else if err := p.applyAll(ctx, out, ours, theirs); err != nil {
		return err
	}
	out.Sha = p.w.meta.Head
	return p.end()
}

// applyAll applies what only the branch has, the oldest first, and leaves out what one of the
// others has done already, as git rebase does.
func (p *replay) applyAll(ctx context.Context, out *rebaseOut, ours, theirs []*object.Commit) error {
	var names []plumbing.Hash
	for _, c := range slices.Backward(ours) {
		names = append(names, c.Hash)
	}
	list, err := p.commits(ctx, names)
	if err != nil {
		return err
	}
	for _, c := range list {
		done, err := p.done(ctx, c, theirs)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		applied, err := p.apply(ctx, c, true)
		if err != nil {
			return err
		}
		if applied {
			out.Rebased++
		}
	}
	return nil
}

// done reports whether one of the others is the same change, by the same author at the
// same time: this one was picked there before.
func (p *replay) done(ctx context.Context, c *object.Commit, others []*object.Commit) (bool, error) {
	ours := ""
	for _, o := range others {
		if len(o.ParentHashes) > 1 || o.Author.Name != c.Author.Name || o.Author.Email != c.Author.Email || !o.Author.When.Equal(c.Author.When) {
			continue
		}
		var err error
		if ours == "" {
			if ours, err = p.patchOf(ctx, c); err != nil || ours == "" {
				return false, err
			}
		}
		theirs, err := p.patchOf(ctx, o)
		if err != nil || theirs == ours {
			return err == nil, err
		}
	}
	return false, nil
}

// patchOf is what a commit changes, without blanks and the numbers of lines, as in git
// patch-id; "" when it changes nothing.
func (p *replay) patchOf(ctx context.Context, c *object.Commit) (string, error) {
	of := append([]plumbing.Hash{c.Hash}, c.ParentHashes...)
	if err := p.roots(ctx, of); err != nil {
		return "", err
	}
	base, err := p.parentTree(c)
	if err != nil {
		return "", err
	}
	list, err := p.view.changesOf(ctx, p.refs, of, folders{from: base, to: c.TreeHash}, nil)
	if err != nil {
		return "", err
	}
	if err := p.view.ensureObjects(ctx, p.refs, of, blobsOf(list)); err != nil || len(list) == 0 {
		return "", err
	}
	sum, most := sha256.New(), identifying
	for _, c := range list {
		f, err := p.view.patch(c, &most)
		if err != nil {
			return "", err
		}
		text, _ := unified([]*filePatch{f}, math.MaxInt)
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "@@") && (!strings.HasPrefix(line, "index ") || f.binary) {
				io.WriteString(sum, strings.Map(withoutSpace, line)+"\n")
			}
		}
	}
	return string(sum.Sum(nil)), nil
}

// identifying bounds what is compared to know a change again: by line as long as that is
// small, else as a whole. No time decides.
var identifying = bounds{bytes: 1 << 20, lines: 50_000, each: time.Hour, left: time.Hour}

func withoutSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}
