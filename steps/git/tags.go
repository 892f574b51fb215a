package git

import (
	"bufio"
	"context"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type tagListIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Prefix  string `json:"prefix,omitempty" doc:"Only tags whose name begins with this."`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

func (in tagListIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "repo", in.Repo)
}

// Tag is a tag of a remote.
type Tag struct {
	Name string `json:"name" doc:"The tag's name."`
	Sha  string `json:"sha" doc:"The commit it is on."`
}

type tagListOut struct {
	Tags []Tag `json:"tags" doc:"The tags, by name."`
}

func (c *client) tagList(ctx context.Context, in tagListIn) (tagListOut, error) {
	out := tagListOut{Tags: []Tag{}}
	r, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	tags, err := r.tags(ctx, refs, in.Prefix)
	for _, name := range types.SortedKeys(tags) {
		out.Tags = append(out.Tags, Tag{Name: valid(name), Sha: tags[name].on.String()})
	}
	return out, err
}

const tagRefs = "refs/tags/"

// tagRef is where a tag is: at is what the reference names, an object of its own when
// the tag has a message, and on is the commit.
type tagRef struct{ at, on plumbing.Hash }

// tags are those of the remote whose names begin so. Before protocol v2 they came with
// the branches; the go-git server of a folder does not say what they are on.
func (r *repo) tags(ctx context.Context, from *remoteRefs, prefix string) (map[string]tagRef, error) {
	var out map[string]tagRef
	var err error
	switch {
	case from.greeting == nil && !isPath(from.url): // it is empty
	case from.greeting == nil:
		out, err = folderTags(from.url, prefix)
	case from.greeting.v2 == nil:
		out = advertisedTags(from.greeting.adv, prefix)
	default:
		out, err = r.askTags(ctx, from, prefix)
	}
	return out, readError("list tags", from.url, err)
}

func (r *repo) askTags(ctx context.Context, from *remoteRefs, prefix string) (map[string]tagRef, error) {
	up, err := r.uploadPack(ctx, from.url)
	if err != nil {
		return nil, err
	}
	defer up.Close()
	g, err := r.greet(ctx, up, from.url)
	if err != nil {
		return nil, err
	}
	return g.lsTags(ctx, up, prefix)
}

// maxPrefix is the longest prefix that the server is told; a longer one is only looked
// for in what it lists.
const maxPrefix = 256

// lsTags asks for tags, and for what they are on.
func (g *greeting) lsTags(ctx context.Context, up uploadPack, prefix string) (map[string]tagRef, error) {
	answer, err := up.ask(ctx, g.command("ls-refs", "peel", "ref-prefix "+tagRefs+prefix[:min(len(prefix), maxPrefix)]), true)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	out := map[string]tagRef{}
	_, err = lines(bufio.NewReaderSize(answer, maxPkt), func(line string) {
		words := strings.Split(line, " ")
		if len(words) < 2 || !plumbing.IsHash(words[0]) {
			return
		}
		name, isTag := strings.CutPrefix(words[1], tagRefs)
		if !isTag || !strings.HasPrefix(name, prefix) {
			return
		}
		t := tagRef{at: plumbing.NewHash(words[0])}
		for _, w := range words[2:] {
			if peeled, ok := strings.CutPrefix(w, "peeled:"); ok {
				t.on = plumbing.NewHash(peeled)
			}
		}
		out[name] = t.lightweight()
	})
	return out, err
}

// lightweight is a tag of which nothing else was said than where its reference is.
func (t tagRef) lightweight() tagRef {
	if t.on.IsZero() {
		t.on = t.at
	}
	return t
}

func advertisedTags(adv *packp.AdvRefs, prefix string) map[string]tagRef {
	out := map[string]tagRef{}
	for ref, h := range adv.References {
		if name, ok := strings.CutPrefix(ref, tagRefs); ok && strings.HasPrefix(name, prefix) {
			out[name] = tagRef{at: h, on: adv.Peeled[ref]}.lightweight()
		}
	}
	return out
}

func folderTags(path, prefix string) (map[string]tagRef, error) {
	sto, err := folderObjects(path)
	if err != nil {
		return nil, err
	}
	refs, err := sto.IterReferences()
	if err != nil {
		return nil, err
	}
	out := map[string]tagRef{}
	return out, refs.ForEach(func(ref *plumbing.Reference) error {
		name, ok := strings.CutPrefix(ref.Name().String(), tagRefs)
		if ok && ref.Type() == plumbing.HashReference && strings.HasPrefix(name, prefix) {
			out[name] = tagRef{at: ref.Hash(), on: peeled(sto, ref.Hash())}
		}
		return nil
	})
}

func folderObjects(path string) (*filesystem.Storage, error) {
	dir, err := gitDir(path)
	if err != nil {
		return nil, err
	}
	return openObjects(dir), nil
}

// maxNested is how many tags may be on one another.
const maxNested = 16

// peeled is what a tag is on, through those that are on others.
func peeled(sto layer, h plumbing.Hash) plumbing.Hash {
	for range maxNested {
		t, err := object.GetTag(sto, h)
		if err != nil {
			break
		}
		h = t.Target
	}
	return h
}

// tagObject reads what a tag says. The server is told that we have what it is on, so
// that nothing else comes.
func (r *repo) tagObject(ctx context.Context, from *remoteRefs, t tagRef) (*object.Tag, error) {
	var sto layer = r.trees
	if from.greeting == nil {
		folder, err := folderObjects(from.url)
		if err != nil {
			return nil, err
		}
		sto = folder
	} else if !r.trees.has(t.at) {
		err := r.fetch(ctx, from, r.trees, ask{wants: []plumbing.Hash{t.at}, haves: []plumbing.Hash{t.on}, filter: onlyAsked, loose: true})
		if err != nil {
			return nil, err
		}
	}
	out, err := object.GetTag(sto, t.at)
	return out, readError("read a tag", from.url, err)
}

// itself is a repository whose pushes go to where it is read: what the reading steps
// looked at is what is changed, and no fork of it.
func (r *repo) itself() *repo {
	same := *r
	same.pushURL = same.url
	return &same
}

// lookItself opens a repository to change what its remote has now.
func (c *client) lookItself(ctx context.Context, service, spec string) (*repo, *remoteRefs, error) {
	r, err := c.open(ctx, service, spec)
	if err != nil {
		return nil, nil, err
	}
	r = r.itself()
	refs, err := r.pushRefs(ctx)
	return r, refs, err
}
