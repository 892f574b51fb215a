package git

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/crypto/ssh"

	"github.com/skillrun/skillrun/engine/types"
)

// sshSession is git-upload-pack or git-receive-pack on the other host: an
// uploadPack, or go-git's session for a push.
type sshSession struct {
	client  *ssh.Client
	wire    *wire
	run     *ssh.Session
	service string
	path    string
	in      io.WriteCloser
	out     io.Reader
	said    remarks // on its standard error; to be read when it has ended
	// What the service said first: git-receive-pack, or git-upload-pack.
	adv      *packp.AdvRefs
	greeting *greeting
	sent     bool // something was asked, and nothing else will be
}

// runSSH starts a service of git for a repository.
func (r *repo) runSSH(ctx context.Context, ep *transport.Endpoint, service string) (*sshSession, error) {
	client, wire, err := connect(ctx, ep, r.quiet(), r.c.o.Admits)
	if err != nil {
		return nil, err
	}
	s := &sshSession{client: client, wire: wire, service: service, path: ep.Path}
	if err := wire.watch.while(s.start); err != nil {
		wire.Close()
		return nil, err
	}
	return s, nil
}

func (s *sshSession) start() (err error) {
	if s.run, err = s.client.NewSession(); err != nil {
		return err
	}
	s.run.Stderr = &s.said
	if s.in, err = s.run.StdinPipe(); err != nil {
		return err
	}
	out, err := s.run.StdoutPipe()
	if err != nil {
		return err
	}
	s.out = watchedReader{out, s.wire.watch}
	if s.service == transport.UploadPackServiceName {
		// Protocol v2 is asked for as git does, by a variable. A host that does not
		// take it speaks an earlier one.
		_, _ = s.run.SendRequest("env", false, ssh.Marshal(struct{ Name, Value string }{"GIT_PROTOCOL", "version=2"}))
	}
	return s.run.Start(s.service + " " + shellQuoted(s.path))
}

type watchedReader struct {
	from  io.Reader
	watch watch
}

func (r watchedReader) Read(p []byte) (int, error) {
	n, err := r.watch.read(r.from, p)
	if err != nil && r.watch.ctx.Err() != nil {
		err = context.Cause(r.watch.ctx) // closed by us, which reads like an end
	}
	return n, err
}

// shellQuoted is one word for the shell that the host may use.
func shellQuoted(path string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

// AdvertisedReferences is what go-git calls without a context.
func (s *sshSession) AdvertisedReferences() (*packp.AdvRefs, error) {
	return s.AdvertisedReferencesContext(s.wire.watch.ctx)
}

// AdvertisedReferencesContext reads what git-receive-pack says first.
func (s *sshSession) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	if s.adv != nil {
		return s.adv, nil
	}
	adv := packp.NewAdvRefs()
	if err := s.began(adv.Decode(listing(s.out))); err != nil && !errors.Is(err, packp.ErrEmptyAdvRefs) {
		return nil, err
	}
	transport.FilterUnsupportedCapabilities(adv.Capabilities)
	s.adv = adv
	return adv, nil
}

// began is the error of what a service said first, unless that was well.
func (s *sshSession) began(err error) error {
	var said *pktline.ErrorLine
	switch {
	case errors.As(err, &said):
		return s.refused(said.Text)
	case errors.Is(err, packp.ErrEmptyInput):
		return s.ended()
	}
	return err
}

// ended tells a service that said nothing from a connection that broke.
func (s *sshSession) ended() error {
	var exit *ssh.ExitError
	err := s.wire.watch.while(s.run.Wait)
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	return s.refused(s.said.String())
}

// refused is a service that does not want to. A host says the same of a
// repository that is not there and of one that we may not see.
func (s *sshSession) refused(said string) error {
	if s.service == transport.ReceivePackServiceName {
		return types.Errorf(types.Forbidden, "the ssh host refuses a push to %s: %s", s.path, said).
			WithHint("check that the account of this ssh key may push there, and that the repository is not archived")
	}
	return types.Errorf(types.NotFound, "the ssh host finds no repository %s: %s", s.path, said).
		WithHint("check the path, and that the account of this ssh key may read it")
}

func (s *sshSession) greet(context.Context) (*greeting, error) {
	g, err := readGreeting(s.out)
	s.greeting = g
	return g, s.began(err)
}

func (s *sshSession) ReceivePack(_ context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	s.sent = true
	err := s.wire.watch.whileMoving(func(moved func()) error {
		return errors.Join(req.Encode(written{s.in, moved}), s.in.Close())
	})
	if err != nil {
		return nil, err
	}
	out := s.out
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, s.out)
		d.Progress = req.Progress
		out = d
	}
	status := packp.NewReportStatus()
	if err := status.Decode(listing(out)); err != nil {
		return nil, err
	}
	return status, status.Error()
}

// Close tells a service that still waits that nothing comes, and ends the connection.
func (s *sshSession) Close() error {
	if !s.sent {
		s.sent = true
		s.in.Write(pktline.FlushPkt)
		s.in.Close()
	}
	return s.wire.Close()
}

func (s *sshSession) ask(ctx context.Context, request []byte, v2 bool) (io.ReadCloser, error) {
	if s.greeting == nil {
		if _, err := s.greet(ctx); err != nil {
			return nil, err
		}
	}
	if spoken := s.greeting.v2 != nil; spoken != v2 {
		return nil, errors.New("the host spoke another version of git's protocol than before")
	}
	s.sent = !v2 // in protocol v2 it waits for the next command
	err := s.wire.watch.while(func() error {
		_, err := s.in.Write(request)
		if err == nil && !v2 {
			err = s.in.Close()
		}
		return err
	})
	return io.NopCloser(s.out), err
}
