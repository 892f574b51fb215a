package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// Examine returns the examination of the configured services: are the remotes
// of a skill reached, is there a credential that they take, do they have what
// the steps start from, may we push, and can we sign and keep what we fetch?
// It only reads: whether we may push is asked by beginning a push and not going
// on, so that push rules and protected branches are not seen.
func Examine(o Options) step.Examine {
	c := &client{o: o}
	return func(ctx context.Context, service string, uses []step.Use, now time.Time) []step.Finding {
		began := time.Now()
		e := &examination{c: c, ctx: ctx, name: service, steps: Steps(Options{}), reached: map[string]bool{}, pushed: map[string]bool{}}
		e.now = func() time.Time { return now.Add(time.Since(began)) }
		var err error
		if e.service, err = c.service(ctx, service); err != nil {
			e.check("service "+service, "", err)
			return e.findings
		}
		e.reach(e.service.URL)
		e.cache()
		e.maker(uses)
		e.repositories(uses)
		return e.findings
	}
}

// examination gathers what was seen of one service.
type examination struct {
	c        *client
	ctx      context.Context
	name     string
	service  Service
	now      func() time.Time
	steps    []step.Step
	reached  map[string]bool // by scheme and host
	pushed   map[string]bool // by remote
	findings []step.Finding
}

func (e *examination) needs(u step.Use, what string) bool {
	return slices.ContainsFunc(step.Needs(e.steps, u), func(n step.Need) bool { return n.What == what })
}

// check notes how it is with a subject, and reports whether it is well.
func (e *examination) check(subject, detail string, err error) bool {
	f := step.Finding{Subject: subject, Detail: detail}
	if err != nil {
		f = step.Finding{Subject: subject, Err: types.AsError(err)}
	}
	e.findings = append(e.findings, f)
	return err == nil
}

// reach asks the host of a URL once, and for the credential we have for it.
// ssh hosts tell when they are asked for a repository.
func (e *examination) reach(remote string) bool {
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return true
	}
	origin := u.Scheme + "://" + u.Host
	if ok, asked := e.reached[origin]; asked {
		return ok
	}
	findings, ok := rest.Reach(e.ctx, e.service.Transport, e.service.Timeout, origin, e.now())
	e.findings = append(e.findings, findings...)
	if ok {
		ok = e.credential(origin, u.Host)
	}
	e.reached[origin] = ok
	return ok
}

func (e *examination) credential(origin, host string) bool {
	r := &repo{c: e.c, service: e.service}
	auth, err := r.auth(e.ctx, origin)
	detail := "the configured token is sent there"
	switch {
	case err != nil:
	case auth == nil:
		detail = "none: it is read anonymously"
	case e.service.Helper && !e.service.home(origin):
		detail = "git's credential helper has one"
	}
	return e.check("credential for "+host, detail, err)
}

// cache sees whether fetched objects can be kept.
func (e *examination) cache() {
	dir := e.c.o.Cache
	for dir != "" && dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			break
		}
		dir = filepath.Dir(dir) // it is made when it is needed
	}
	var err error
	if dir == "" {
		err = noCache()
	} else if cause := unix.Access(dir, unix.W_OK|unix.X_OK); cause != nil {
		err = brokenCache(&fs.PathError{Op: "write to", Path: dir, Err: cause})
	}
	e.check("cache folder", e.c.o.Cache, err)
}

// maker sees who makes the commits, and whether they can be signed.
func (e *examination) maker(uses []step.Use) {
	if !slices.ContainsFunc(uses, func(u step.Use) bool { return e.needs(u, toCommit) }) {
		return
	}
	author, committer, err := e.service.identities(e.now())
	detail := author.Name + " <" + author.Email + ">"
	if committer != author {
		detail += ", committed by " + committer.Name + " <" + committer.Email + ">"
	}
	e.check("author of commits", detail, err)
	if e.service.SigningKeyFile == "" {
		return
	}
	_, done, err := e.service.signingKey(e.ctx)
	if err == nil {
		done()
	}
	e.check("signing key", e.service.SigningKeyFile, err)
}

// repositories looks at all that the uses read from and push to, each once.
func (e *examination) repositories(uses []step.Use) {
	var read, push, change []string
	add := func(list *[]string, spec string) {
		if spec != "" && !slices.Contains(*list, spec) {
			*list = append(*list, spec)
		}
	}
	pushes, elsewhere, moves := false, false, false
	for _, u := range uses {
		for _, n := range step.Needs(e.steps, u) {
			switch to := u.Named(n); n.What {
			case toPush, toBranch:
				add(&push, to)
				pushes, elsewhere = pushes || n.What == toPush, elsewhere || to != ""
			case toRead, toCheckOut:
				add(&read, to)
			case toChange:
				add(&change, to)
			case toMove:
				moves = true
			}
		}
	}
	for _, spec := range read {
		e.reads(spec, uses)
	}
	for _, u := range uses { // to where the files are from
		if e.needs(u, toCheckOut) && pushes && !elsewhere {
			add(&push, u.Text("repo"))
		}
		if e.needs(u, toCheckOut) && moves {
			add(&change, u.Text("repo"))
		}
	}
	for _, spec := range push {
		e.pushes(spec, func(r *repo) *repo { return r })
	}
	for _, spec := range change {
		e.pushes(spec, (*repo).itself)
	}
}

// resolve finds the remote of a repository and reaches its host.
func (e *examination) resolve(subject, spec string, remote func(*repo) string) (*repo, bool) {
	r, err := e.c.resolve(e.ctx, e.name, spec)
	if err != nil {
		return nil, e.check(subject, "", err)
	}
	if !e.reach(remote(r)) {
		e.findings = append(e.findings, step.Finding{Subject: subject, Skipped: "fix what failed above first"})
		return nil, false
	}
	return r, true
}

// reads asks a repository for its branches.
func (e *examination) reads(spec string, uses []step.Use) {
	subject := "repository " + hidden(spec)
	r, ok := e.resolve(subject, spec, func(r *repo) string { return r.url })
	if !ok {
		return
	}
	refs, err := r.refs(e.ctx, r.url)
	if err == nil {
		_, err = r.resolve(refs, "") // it has a default branch, and that is there
	}
	made := e.madeBy(uses)
	for _, u := range uses {
		ref := cmp.Or(u.Text("ref"), u.Text("commit"))
		if err == nil && u.Text("repo") == spec && ref != "" && !slices.Contains(made, ref) {
			_, err = r.resolve(refs, ref)
		}
	}
	if err != nil {
		e.check(subject, "", err)
		return
	}
	detail := fmt.Sprintf("%d branches, the default one is %s", len(refs.branches), refs.defaultBranch)
	if r.alternate != nil {
		detail += "; the clone's remote is " + r.url
	}
	e.check(subject, detail, nil)
}

// madeBy are the branches that the skill itself makes.
func (e *examination) madeBy(uses []step.Use) []string {
	var out []string
	for _, u := range uses {
		if e.needs(u, toBranch) || e.needs(u, toPush) {
			out = append(out, u.Text("branch"))
		}
	}
	return out
}

// pushes asks a repository for what it tells those who are about to push: where its
// pushes go to, or where it is read.
func (e *examination) pushes(spec string, where func(*repo) *repo) {
	subject := "push to " + hidden(spec)
	r, ok := e.resolve(subject, spec, func(r *repo) string { return where(r).pushURL })
	if !ok {
		return
	}
	if r = where(r); e.pushed[r.pushURL] {
		return
	}
	e.pushed[r.pushURL] = true
	e.check(subject, "the remote "+r.pushURL+" accepts pushes from this account; push rules and protected branches are not checked", r.mayPush(e.ctx))
}

// mayPush begins a push and does not continue.
func (r *repo) mayPush(ctx context.Context) error {
	session, err := r.receivePack(ctx, r.pushURL)
	if err != nil {
		return readError("push", r.pushURL, err)
	}
	defer session.Close()
	_, err = session.AdvertisedReferencesContext(ctx)
	if err != nil && !errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return readError("push", r.pushURL, err)
	}
	return nil
}
