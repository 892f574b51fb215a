package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/types"
)

// The filters of a partial fetch.
const (
	onlyAsked packp.Filter = "tree:0" // what is named, and commits
	withRoot  packp.Filter = "tree:1" // and the root trees of commits
)

func (r *repo) fetch(ctx context.Context, from *remoteRefs, into *store, a ask) error {
	if !slices.ContainsFunc(a.wants, func(h plumbing.Hash) bool { return !slices.Contains(a.haves, h) }) {
		return nil // there is nothing to ask for
	}
	answer, pack, err := r.askPack(ctx, from, a)
	if err != nil {
		return readError("fetch", from.url, err)
	}
	defer answer.Close()
	return readError("fetch", from.url, into.addPack(ctx, pack, a.loose))
}

// askPack asks for a pack, which is read from the answer.
func (r *repo) askPack(ctx context.Context, from *remoteRefs, a ask) (answer io.Closer, pack io.Reader, err error) {
	if from.greeting == nil {
		return from.folderPack(ctx, a)
	}
	up, err := r.uploadPack(ctx, cmp.Or(from.greeting.at, from.url))
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			up.Close()
		}
	}()
	if from.greeting.v2 == nil {
		return from.packBefore2(ctx, up, a)
	}
	body, err := up.ask(ctx, from.fetchCommand(a), true)
	if err != nil {
		return nil, nil, err
	}
	pack, ends, err := readPack(body)
	if a.depth == 0 {
		from.ends = ends // else they are ours
	}
	return exchange{body, up}, pack, err
}

// exchange is an answer, and the conversation that it came in.
type exchange struct{ answer, conversation io.Closer }

func (b exchange) Close() error { return errors.Join(b.answer.Close(), b.conversation.Close()) }

// packBefore2 asks in protocol v0 or v1.
func (from *remoteRefs) packBefore2(ctx context.Context, up uploadPack, a ask) (io.Closer, io.Reader, error) {
	req := from.request(a)
	if err := req.Validate(); err != nil {
		return nil, nil, err
	}
	var text bytes.Buffer
	// No packet ends the list of haves: a server over HTTP answers that and hangs up.
	err := errors.Join(req.UploadRequest.Encode(&text), req.UploadHaves.Encode(&text, false), pktline.NewEncoder(&text).EncodeString("done\n"))
	if err != nil {
		return nil, nil, err
	}
	body, err := up.ask(ctx, text.Bytes(), false)
	if err != nil {
		return nil, nil, err
	}
	resp := packp.NewUploadPackResponse(req)
	return exchange{body, up}, demux(req.Capabilities, resp), resp.Decode(body)
}

// folderPack asks a folder of this machine.
func (from *remoteRefs) folderPack(ctx context.Context, a ask) (io.Closer, io.Reader, error) {
	session, err := readFolder(from.url)
	if err != nil {
		return nil, nil, err
	}
	req := from.request(a)
	req.Haves = nil // go-git's own server fails on one that it lacks
	resp, err := session.UploadPack(ctx, req)
	if err != nil {
		session.Close()
		return nil, nil, err
	}
	return exchange{resp, session}, demux(req.Capabilities, resp), nil
}

func (from *remoteRefs) request(a ask) *packp.UploadPackRequest {
	req := packp.NewUploadPackRequestFromCapabilities(from.caps)
	req.Capabilities.Delete(capability.ThinPack) // its objects must stand alone
	req.Wants, req.Haves = slices.Clone(a.wants), slices.Clone(a.haves)
	if a.depth > 0 && from.caps.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(a.depth)
		req.Capabilities.Set(capability.Shallow)
	}
	if a.filter != "" && from.partial() {
		req.Filter = a.filter
		req.Capabilities.Set(capability.Filter)
	}
	return req
}

// demux takes the pack out of a response that also carries progress.
func demux(caps *capability.List, r io.Reader) io.Reader {
	kind := sideband.Sideband64k
	switch {
	case caps.Supports(capability.Sideband64k):
	case caps.Supports(capability.Sideband):
		kind = sideband.Sideband
	default:
		return r
	}
	raw := &beside{from: &counter{r: r}}
	raw.pack = &counter{r: sideband.NewDemuxer(kind, raw)}
	return raw.pack
}

// missingObject is an object that is not available.
type missingObject struct {
	hash   plumbing.Hash
	commit bool
}

// findMissing returns the first object missing on the way to a path of a commit,
// nil when there is none. A path that ends early has no hole.
func findMissing(sto storer.EncodedObjectStorer, commit plumbing.Hash, path string) (*missingObject, error) {
	c, err := object.GetCommit(sto, commit)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return &missingObject{hash: commit, commit: true}, nil
	}
	if err != nil {
		return nil, err
	}
	way, err := wayTo(sto, c.TreeHash, path)
	last := way[len(way)-1]
	if errors.Is(err, plumbing.ErrObjectNotFound) || err == nil && sto.HasEncodedObject(last) != nil {
		return &missingObject{hash: last}, nil
	}
	return nil, err
}

// ensurePath makes a path of a commit readable: the commit, the trees down to
// the path, and what is there. It takes single objects where the remote gives
// them, else the commit's files without history, else what the remote has.
func (r *repo) ensurePath(ctx context.Context, from *remoteRefs, commit plumbing.Hash, path string) error {
	h, err := findMissing(r.trees, commit, path)
	if err != nil {
		return readError("read "+path, from.url, err)
	}
	if h != nil && from.partial() {
		h, err = r.ensurePieces(ctx, from, commit, path, h)
	}
	if err != nil || h == nil {
		return err
	}
	if !from.isTip(commit) && !from.partial() { // it cannot be asked for by name
		if err := r.withHistory(ctx, from, commit); err != nil {
			return err
		}
	}
	for _, haves := range [][]plumbing.Hash{r.haves(from), nil} {
		if h, err = findMissing(r.trees, commit, path); err != nil || h == nil {
			return err
		}
		a := ask{wants: []plumbing.Hash{commit}, haves: haves}
		if len(haves) == 0 {
			a.depth = 1
		}
		if err := r.fetch(ctx, from, r.trees, a); err != nil {
			return err
		}
	}
	if h, err = findMissing(r.trees, commit, path); err != nil || h == nil {
		return err
	}
	return types.Errorf(types.Unavailable, "the remote %s sent commit %s without its %s", nameOf(from.url), commit, path).
		WithHint("ask its administrator to check the repository with git fsck")
}

// ensurePieces fills the holes on the way to a path one by one, and returns what is left.
func (r *repo) ensurePieces(ctx context.Context, from *remoteRefs, commit plumbing.Hash, path string, h *missingObject) (*missingObject, error) {
	for h != nil {
		a := ask{wants: []plumbing.Hash{h.hash}, filter: onlyAsked, loose: true}
		if h.commit {
			a.depth, a.filter = 1, withRoot
		}
		if err := r.fetch(ctx, from, r.trees, a); err != nil {
			return h, ctx.Err() // refused after all
		}
		next, err := findMissing(r.trees, commit, path)
		if err != nil {
			return nil, readError("read "+path, from.url, err)
		}
		if next != nil && next.hash == h.hash {
			return h, nil
		}
		h = next
	}
	return nil, nil
}

// ensureChain makes the newest commits of a branch readable, if possible without files.
func (r *repo) ensureChain(ctx context.Context, from *remoteRefs, tip plumbing.Hash) error {
	a := ask{wants: []plumbing.Hash{tip}, depth: maxOurs, filter: onlyAsked, loose: true}
	if !from.partial() && !from.caps.Supports(capability.Shallow) {
		a.haves, a.loose = r.haves(from), false
	}
	return r.fetch(ctx, from, r.trees, a)
}

// checkOnRemote makes sure that a branch of the remote reaches a commit: what the
// remote does not have does not count, even if a clone lends it. A commit that
// was a branch's tip when some run looked has been there.
func (r *repo) checkOnRemote(ctx context.Context, from *remoteRefs, commit plumbing.Hash) error {
	if r.trees.wasSeen(commit) {
		return nil
	}
	if !from.isTip(commit) {
		if err := r.withHistory(ctx, from, commit); err != nil {
			return err
		}
	}
	return r.trees.noteSeen(ctx, commit)
}

// maxOurs is how many commits above the base are looked through for ours.
const maxOurs = 50

// withHistory makes the history of the remote's branches available: of the
// default branch, and of all others when a needed commit is on none that is available.
func (r *repo) withHistory(ctx context.Context, from *remoteRefs, need ...plumbing.Hash) error {
	tips := []plumbing.Hash{from.branches[from.defaultBranch]}
	if tips[0].IsZero() {
		return types.Errorf(types.NotFound, "%s has no default branch", nameOf(from.url)).WithHint("its owner sets one in the repository's settings")
	}
	if err := r.ensureHistory(ctx, from, tips); err != nil {
		return err
	}
	if off, err := r.firstUnreachable(ctx, tips, need); err != nil || off == nil {
		return err
	}
	for _, name := range types.SortedKeys(from.branches) {
		if h := from.branches[name]; !slices.Contains(tips, h) {
			tips = append(tips, h)
		}
	}
	if err := r.ensureHistory(ctx, from, tips); err != nil {
		return err
	}
	off, err := r.firstUnreachable(ctx, tips, need)
	switch {
	case err != nil || off == nil:
		return err
	case len(r.history.ends()) > 0:
		return readError("read history", from.url, &shallowError{*off})
	}
	// A no must not come from a hole in what is taken to be complete.
	if err := r.complete(ctx, tips, map[plumbing.Hash]bool{}); err != nil {
		return readError("read history", from.url, err)
	}
	return types.Errorf(types.NotFound, "commit %s is not on any branch of the remote %s", off, nameOf(from.url)).WithHint("push it first").With(unseen, off.String())
}

// firstUnreachable returns the first of the needed commits that no tip reaches, nil
// when there is none. One that is not available is not reached.
func (r *repo) firstUnreachable(ctx context.Context, tips, need []plumbing.Hash) (*plumbing.Hash, error) {
	for _, h := range need {
		if _, err := object.GetCommit(r.history, h); errors.Is(err, plumbing.ErrObjectNotFound) {
			return &h, nil
		}
		on, err := reaches(ctx, r.history, tips, h)
		if errors.As(err, new(*shallowError)) {
			return &h, nil
		}
		if err != nil {
			return nil, readError("read history", r.url, err)
		}
		if !on {
			return &h, nil
		}
	}
	return nil, nil
}

// wayTo lists the trees from a root down to a path, and what is there. With an
// error, the last one is what does not read.
func wayTo(sto storer.EncodedObjectStorer, root plumbing.Hash, path string) ([]plumbing.Hash, error) {
	way := []plumbing.Hash{root}
	for more := true; more; {
		var name string
		name, path, more = strings.Cut(path, "/")
		entry, err := findEntry(sto, way[len(way)-1], name)
		if err != nil || entry == nil || entry.Mode == filemode.Submodule || more && entry.Mode != filemode.Dir {
			return way, err
		}
		way = append(way, entry.Hash)
	}
	return way, nil
}
