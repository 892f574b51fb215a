package git

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type tagCreateIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL. The tag is made on the remote that the reading steps look at." trusted:"true"`
	Tag     string `json:"tag" doc:"The tag's name." pattern:"^[A-Za-z0-9][A-Za-z0-9._/-]*$"`
	Sha     string `json:"sha" doc:"The commit it is put on, which a branch of the remote has." pattern:"^[0-9a-f]{40}$"`
	Message string `json:"message" doc:"The tag's message."`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type tagCreateOut struct {
	Tag string `json:"tag" doc:"The tag's name."`
	Sha string `json:"sha" doc:"The commit it is on."`
}

func (in tagCreateIn) out() tagCreateOut { return tagCreateOut{Tag: in.Tag, Sha: in.Sha} }

func (in tagCreateIn) check(unknown step.UnknownPaths) error {
	if err := checkRepo(unknown, "repo", in.Repo); err != nil {
		return err
	}
	if !unknown.Has("tag") && !types.IsBranch(in.Tag) { // the rules of a branch's name are those of a tag's
		return types.Errorf(types.BadInput, "%q is not a tag name", in.Tag).WithHint("git check-ref-format refs/tags/NAME checks a name")
	}
	if unknown.Has("message") {
		return nil
	}
	return checkTagMessage(in.Message)
}

// checkTagMessage refuses what git cannot keep, and what would be read as a signature.
func checkTagMessage(message string) error {
	switch {
	case strings.TrimSpace(message) == "":
		return types.Errorf(types.BadInput, "the tag's message is empty").WithHint("give git_tag_create a message that says what is released")
	case strings.ContainsRune(message, 0):
		return types.Errorf(types.BadInput, "the tag's message holds a NUL, which git cannot store").WithHint("remove it from the message")
	}
	for line := range strings.Lines(message) {
		if strings.HasPrefix(line, "-----BEGIN ") {
			return types.Errorf(types.BadInput, "the tag's message holds a line that begins with -----BEGIN, as a signature does").WithHint("remove that line from the message")
		}
	}
	return nil
}

// tagText is a message as it stands in a tag.
func tagText(message string) string { return withoutBlankEnd(message) + "\n" }

// tagCreate makes a tag with a message, which the server takes only when there is none
// of that name.
func (c *client) tagCreate(ctx context.Context, in tagCreateIn) (tagCreateOut, error) {
	sha, err := checkSHA("sha", in.Sha)
	if err != nil {
		return tagCreateOut{}, err
	}
	r, refs, err := c.lookItself(ctx, in.Service, in.Repo)
	if err != nil {
		return tagCreateOut{}, err
	}
	if err := r.retryDamaged(ctx, func() error { return r.checkOnRemote(ctx, refs, sha) }); err != nil {
		return tagCreateOut{}, readError("read history", r.url, err)
	}
	sto := inMemory()
	tag, err := r.service.tag(ctx, &builder{sto: sto}, in)
	if err != nil {
		return tagCreateOut{}, err
	}
	p := &pushing{w: &workspace{meta: meta{Head: tag.String()}}, to: r, tag: in.Tag, hint: "a hook, a push rule or a protected tag; there is no such tag. Ask someone who may make it"}
	pack := func(context.Context, *packp.AdvRefs) (*bytes.Buffer, error) {
		return packOf(sto, []plumbing.Hash{tag})
	}
	err = p.change(ctx, "create tag "+in.Tag, p.vacant, pack)
	return in.out(), err
}

// tag is the tag's own object. Its date is the run's start, so that a resumed run makes
// the same one.
func (s Service) tag(ctx context.Context, b *builder, in tagCreateIn) (plumbing.Hash, error) {
	_, tagger, err := s.identities(step.CallOf(ctx).StartedAt)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	t := &object.Tag{Name: in.Tag, Tagger: tagger, Message: tagText(in.Message), TargetType: plumbing.CommitObject, Target: plumbing.NewHash(in.Sha)}
	if t.PGPSignature, err = s.signature(ctx, "tag", t); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.encode(t)
}

// vacant expects that there is no such tag, and none whose name stands in the way.
func (p *pushing) vacant(adv *packp.AdvRefs) (plumbing.Hash, error) {
	now := adv.References[p.ref().String()]
	if !now.IsZero() && now != p.w.head() {
		return now, types.Errorf(types.Conflict, "there is a tag %s already", p.tag).
			WithHint(otherTag).With("at", now.String())
	}
	return now, checkFreeTag(p.tag, types.SortedKeys(advertisedTags(adv, "")))
}

// checkFreeTag refuses a tag that git cannot keep beside the others.
func checkFreeTag(tag string, others []string) error {
	if other := clash(tag, others); other != "" {
		return types.Errorf(types.Conflict, "tag %s conflicts with tag %s: in git, the name of a tag cannot be a folder of another", other, tag).
			WithHint("give this one another name").With("tag", other)
	}
	return nil
}

// findTag looks at the tag: on that commit with that message, not there, or another one.
func (c *client) findTag(ctx context.Context, _ step.Key, in tagCreateIn) (step.Found[tagCreateOut], error) {
	var none step.Found[tagCreateOut]
	r, refs, err := c.lookItself(ctx, in.Service, in.Repo)
	if err != nil {
		return none, err
	}
	tags, err := r.tags(ctx, refs, in.Tag)
	if err != nil {
		return none, err
	}
	t, there := tags[in.Tag]
	if !there {
		return step.Absent[tagCreateOut](), nil
	}
	differs, err := r.tagDiffers(ctx, refs, t, in)
	switch {
	case err != nil:
		return none, err
	case differs != "":
		return step.Ended[tagCreateOut](in.Tag, differs, otherTag), nil
	}
	return step.Exists(in.Tag, in.out()), nil
}

// otherTag is the hint of a tag that is there and is another one.
const otherTag = "give this one another name; a tag that is there is never moved"

// tagDiffers says in what a tag that is there is another one, "" when it is the same.
func (r *repo) tagDiffers(ctx context.Context, from *remoteRefs, t tagRef, in tagCreateIn) (string, error) {
	switch {
	case t.on.String() != in.Sha:
		return fmt.Sprintf("tag %s is on %s, not on %s", in.Tag, short(t.on), in.Sha[:12]), nil
	case t.at == t.on:
		return "tag " + in.Tag + " is on that commit, without a message", nil
	}
	o, err := r.tagObject(ctx, from, t)
	if err != nil {
		return "", err
	}
	if tagText(o.Message) != tagText(in.Message) {
		return fmt.Sprintf("tag %s is on that commit, and its message is %q", in.Tag, valid(withoutBlankEnd(o.Message))), nil
	}
	return "", nil
}

// resolveTag reads back the tag that a person says is there.
func (c *client) resolveTag(ctx context.Context, ref string, in tagCreateIn) (tagCreateOut, error) {
	if ref != in.Tag {
		return tagCreateOut{}, types.Errorf(types.Conflict, "the step makes the tag %s, not %q", in.Tag, ref).WithHint("name the tag")
	}
	f, err := c.findTag(ctx, step.CallOf(ctx).Key, in)
	switch {
	case err != nil:
		return tagCreateOut{}, err
	case f.State == step.StateAbsent:
		return tagCreateOut{}, types.Errorf(types.NotFound, "there is no tag %s", in.Tag).WithHint("use --not-done if it was never made")
	case f.State != step.StateExists:
		return tagCreateOut{}, types.Errorf(types.Conflict, "%s", f.Why).WithHint("delete the tag and use --not-done, or cancel the run")
	}
	return f.Out, nil
}

// previewTag shows the tag.
func (c *client) previewTag(ctx context.Context, in tagCreateIn, unknown step.UnknownPaths) (step.Prediction[tagCreateOut], error) {
	out := step.Prediction[tagCreateOut]{Out: in.out(), Unknown: unknown.Of("tag", "sha"), Change: step.Change{Title: "create a tag"}}
	if !unknown.Has("tag") {
		out.Change.Title = "create tag " + in.Tag
	}
	title, err := c.titleOn(ctx, out.Change.Title, in.Service, in.Repo, unknown)
	out.Change.Title = title
	for _, f := range []step.FieldChange{{Name: "sha", Value: in.Sha}, {Name: "message", Value: in.Message}} {
		if !unknown.Overlaps(f.Name) {
			out.Change.Fields = append(out.Change.Fields, f)
		}
	}
	return out, err
}

func describeUndoTag(in tagCreateIn, out tagCreateOut) string {
	return "delete tag " + out.Tag + " of " + hidden(in.Repo)
}

// ourTag is the tag to delete, and where it is: zero when it is gone. One that is not as
// we left it is refused.
func (c *client) ourTag(ctx context.Context, in tagCreateIn) (*pushing, plumbing.Hash, error) {
	r, refs, err := c.lookItself(ctx, in.Service, in.Repo)
	if err != nil {
		return nil, plumbing.ZeroHash, err
	}
	p := &pushing{w: &workspace{}, to: r, tag: in.Tag, hint: "the tag is still there: a hook or a protected tag keeps it; ask someone who has permission to delete it"}
	tags, err := r.tags(ctx, refs, in.Tag)
	t, there := tags[in.Tag]
	if err != nil || !there {
		return p, plumbing.ZeroHash, err
	}
	differs, err := r.tagDiffers(ctx, refs, t, in)
	if err == nil && differs != "" {
		err = types.Errorf(types.Conflict, "%s: it is no longer what this run made", differs).WithHint("see who moved it, and delete it by hand when it may go")
	}
	return p, t.at, err
}

// checkUndoTag says why the tag cannot be deleted now.
func (c *client) checkUndoTag(ctx context.Context, _ step.Key, in tagCreateIn, _ tagCreateOut) error {
	_, _, err := c.ourTag(ctx, in)
	return err
}

// undoTag deletes the tag, as long as it is as we left it.
func (c *client) undoTag(ctx context.Context, _ step.Key, in tagCreateIn, _ tagCreateOut) error {
	p, at, err := c.ourTag(ctx, in)
	if err != nil || at.IsZero() {
		return err
	}
	return p.drop(ctx, at)
}
