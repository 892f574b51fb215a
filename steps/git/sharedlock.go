package git

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// A lock that machines share is a branch, refs/heads/skillrun/lock-NAME. A server
// takes the push of it only when it is not there, which excludes everybody else. The
// commit that it is at has no files, and says who holds it. Letting go deletes the
// branch, as long as it is there as it was made.
//
// It never counts as stale: the machine that made it may be slow, not dead. The same
// work on the same machine takes it again, so a run that was killed continues; for a
// machine that is gone a person deletes the branch.

// lockHead is the first line of a lock's commit; JSON of the holder follows.
const lockHead = "skillrun lock"

var lockName = types.Pattern(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// NewLock returns the lock that machines share in a repository; service is the
// git service of the configuration that reaches it, "" is the usual one.
func NewLock(o Options, service, repo string) step.Lock {
	return &lock{client: &client{o: o}, service: service, spec: repo}
}

type lock struct {
	*client
	service, spec string
}

// Leads is where the lock's repository is.
func (l *lock) Leads(context.Context) []step.Place { return remotePlaces(l.spec) }

// lockTries is how often a lock is looked at again when it changes meanwhile, or an
// answer was lost. A server that says no is asked fewer times: whether it did because
// someone had the lock for a moment cannot be seen any more.
const (
	lockTries    = 4
	refusedTries = 2
)

const lockRight = "a lock is a branch %s there, made and deleted: give the account that permission, or remove the lock"

// Take takes the lock, or says who has it.
func (l *lock) Take(ctx context.Context, name string, h step.Holder) (*step.Holder, error) {
	p, err := l.open(ctx, name)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		there, other, err := l.holder(ctx, p)
		if err != nil {
			return nil, err
		}
		if !there.IsZero() {
			if mine(other, h) {
				return nil, nil
			}
			return &other, nil
		}
		if err = l.make(ctx, p, h); !again(err, try) {
			return nil, p.rightless(err)
		}
	}
}

// Release releases the lock, if it is the holder's. A person who releases
// another's gives the holder that Take told.
func (l *lock) Release(ctx context.Context, name string, h step.Holder) error {
	p, err := l.open(ctx, name)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		there, other, err := l.holder(ctx, p)
		if err != nil || there.IsZero() || !mine(other, h) {
			return err
		}
		p.w = &workspace{} // whose head is nothing: the branch is deleted
		if err = p.change(ctx, "release the lock "+name, p.still(there), nil); !again(err, try) {
			return p.rightless(err)
		}
	}
}

// again reports whether a failed change of a lock is worth another look.
func again(err error, try int) bool {
	switch types.CodeOf(err) {
	case types.Conflict, types.UnknownOutcome:
		return try < lockTries
	case types.Forbidden:
		return try < refusedTries
	}
	return false
}

// rightless tells whom the server refuses what a lock needs.
func (p *pushing) rightless(err error) error {
	if types.CodeOf(err) == types.Forbidden {
		return types.AsError(err).WithHint(lockRight, p.branch)
	}
	return err
}

// mine reports whether a lock is the holder's. What no one's work holds, such as
// a branch of that name that is no lock, is no one's.
func mine(other, h step.Holder) bool {
	return h.Work != "" && h.Machine != "" && other.Work == h.Work && other.Machine == h.Machine
}

func (l *lock) open(ctx context.Context, name string) (*pushing, error) {
	if !lockName().MatchString(name) || strings.Contains(name, "..") || strings.HasSuffix(name, ".lock") || strings.HasSuffix(name, ".") {
		return nil, types.Errorf(types.BadInput, "%q cannot name a lock", name).WithHint("use up to 64 lower-case letters, digits, dots, dashes and underscores")
	}
	r, err := l.resolve(ctx, l.service, l.spec)
	if err != nil {
		return nil, err
	}
	return &pushing{to: r, branch: "skillrun/lock-" + name}, nil
}

// holder looks who has the lock; the hash is zero when no one has. A lock that
// is let go of while its commit is on its way is looked at again.
func (l *lock) holder(ctx context.Context, p *pushing) (at plumbing.Hash, h step.Holder, err error) {
	for try := 0; ; try++ {
		from, lost := p.to.refs(ctx, p.to.pushURL)
		if lost != nil {
			return at, h, lost
		}
		now, there := from.branches[p.branch]
		if !there {
			return plumbing.ZeroHash, h, from.checkFree(p.branch)
		}
		if try > lockTries || err != nil && now == at {
			return at, h, err // it is where it was, and cannot be read
		}
		at = now
		if h, err = p.holderAt(ctx, from, at); err == nil {
			return at, h, nil
		}
	}
}

// holderAt reads the lock's commit, which is all that is fetched.
func (p *pushing) holderAt(ctx context.Context, from *remoteRefs, at plumbing.Hash) (step.Holder, error) {
	into := inMemory()
	if err := p.to.fetch(ctx, from, into, ask{wants: []plumbing.Hash{at}, depth: 1, filter: onlyAsked, loose: true}); err != nil {
		return step.Holder{}, err
	}
	c, err := object.GetCommit(into, at)
	if err != nil {
		return step.Holder{}, readError("read the lock", p.to.pushURL, err)
	}
	return holderOf(c), nil
}

// holderOf reads a lock's commit. Another branch of that name is its author's, for no work.
func holderOf(c *object.Commit) step.Holder {
	var h step.Holder
	head, text, _ := strings.Cut(c.Message, "\n\n")
	if head != lockHead || json.Unmarshal([]byte(text), &h) != nil || h.Work == "" || h.Machine == "" {
		return step.Holder{Run: "unknown (commit " + short(c.Hash) + ")", User: c.Author.Name, Since: c.Author.When.UTC()}
	}
	return h
}

// make pushes the branch, which the server takes only when it is not there.
func (l *lock) make(ctx context.Context, p *pushing, h step.Holder) error {
	author, committer, err := p.to.service.identities(h.Since)
	if err != nil {
		return err
	}
	b := &builder{sto: inMemory()}
	tree, err := b.encode(&object.Tree{})
	if err != nil {
		return err
	}
	message := lockHead + "\n\n" + string(types.Encode(h)) + "\n"
	commit, err := b.encode(&object.Commit{Author: author, Committer: committer, Message: message, TreeHash: tree})
	if err != nil {
		return err
	}
	p.w = &workspace{meta: meta{Head: commit.String()}}
	nowhere := func(*packp.AdvRefs) (plumbing.Hash, error) { return plumbing.ZeroHash, nil } // or the server refuses
	return p.change(ctx, "take the lock "+p.branch, nowhere, func(context.Context, *packp.AdvRefs) (*bytes.Buffer, error) {
		return packOf(b.sto, []plumbing.Hash{tree, commit})
	})
}

// inMemory is a store that nothing is left of.
func inMemory() *store {
	return storeOf(filesystem.NewStorage(memfs.New(), cache.NewObjectLRUDefault()))
}
