// Skillrun runs ops skills written in YAML: checked whole before anything
// runs, shown before anything is written, resumable after a kill at any point.
//
// This file is the composition root: which steps, which world, which surface.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/signal"
	"os/user"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
	"github.com/skillrun/skillrun/docs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/examples"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
	"github.com/skillrun/skillrun/steps/httpapi/httpapitest"
)

func main() {
	if code, mine := steps.Supervise(os.Args); mine {
		os.Exit(code)
	}
	os.Exit(run())
}

// enough is the memory in bytes above which garbage is collected more often, as
// after an answer of megabytes. What is needed is had all the same.
const enough = 160 << 20

func run() int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT says none
		debug.SetMemoryLimit(enough)
	}
	ctx, signalled := withSignals(context.Background())
	between := newSeams(os.LookupEnv)
	p := &cli.Program{
		Build: build(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal:    term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		User:        userName(), Dir: dir, Env: os.LookupEnv, Clock: clock{}, Tick: tick, Random: rand.Reader,
		Builtin: skills.FS, Book: docs.Pages, Examples: examples.FS, Catalogue: between.catalogue, Examiners: examiners, Schemas: steps.Schemas, Kinds: steps.Kinds(), Locks: between.lock, Sandbox: openSandbox, Disk: between.disk,
		Interrupt: signalled.interrupt,
	}
	code := p.Run(ctx, os.Args[1:])
	if code == 130 && signalled.was(syscall.SIGTERM) {
		return 143
	}
	return code
}

// self is this program as the kernel has it, also when its file was replaced.
const self = "/proc/self/exe"

// seams are what stands between the program and the disk and the network:
// nothing, but in the build that a sweep kills.
type seams struct {
	disk engine.Disk
	wrap func(http.RoundTripper) http.RoundTripper
}

func (s seams) catalogue(cfg *config.Config, f cli.Folders) (*step.Catalogue, error) {
	return steps.All(cfg, steps.Options{Cache: f.Cache, State: f.State, Wrap: s.wrap, Self: self})
}

func (s seams) lock(cfg *config.Config, cache, service, repo string) (step.Lock, error) {
	return steps.Lock(cfg, steps.Options{Cache: cache, Wrap: s.wrap}, service, repo)
}

func examiners(cfg *config.Config, cache string) (map[string]step.Examine, error) {
	return steps.Examiners(cfg, steps.Options{Cache: cache})
}

func openSandbox(ctx context.Context, o cli.SandboxOptions) (cli.World, error) {
	return sandbox.Open(ctx, sandbox.Options{
		Authored: authored(o.StandIns),
		Dir:      o.Dir, Addr: o.Addr, Log: o.Log, Now: time.Now,
		TLS: o.TLS, Deployment: o.Deployment, Registry: o.Registry, Delay: o.Delay,
	})
}

// authored gives the sandbox what a sandbox.yaml describes.
func authored(s *config.StandIns) (a sandbox.Authored) {
	if s == nil {
		return a
	}
	a = sandbox.Authored{Services: map[string]httpapitest.API{}, Files: s.Files, Config: s.Config}
	for name, x := range s.Services {
		api := httpapitest.API{Collections: x.Collections}
		for _, r := range x.Responses {
			api.Responses = append(api.Responses, httpapitest.Response(r))
		}
		a.Services[name] = api
	}
	return a
}

var errSignal = errors.New("stopped by a signal")

// stopping is how the process was told to stop.
type stopping struct {
	interrupt chan struct{}  // closed at the first SIGINT
	first     chan os.Signal // what came first
}

// withSignals returns a context that ends when a run has to stop at once: at
// SIGTERM, SIGHUP, or a second SIGINT. The one after that ends the process, as
// without us; and so does time, where something computes on or waits for a
// stream. A run is resumable whichever it is. SIGINT and SIGHUP do nothing in a
// process that was started with them ignored.
func withSignals(parent context.Context) (context.Context, stopping) {
	ctx, cancel := context.WithCancelCause(parent)
	c := make(chan os.Signal, 3)
	s := stopping{interrupt: make(chan struct{}), first: make(chan os.Signal, 1)}
	// Signals stay caught to the end: one that arrives as the process ends must not
	// take its exit code from it.
	signal.Notify(c, syscall.SIGTERM)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as below nohup, or behind a script's "&"
			signal.Notify(c, s)
		}
	}
	go func() {
		got := <-c
		s.first <- got
		if got == os.Interrupt {
			close(s.interrupt)
			<-c
		}
		signal.Stop(c)
		cancel(errSignal)
		time.Sleep(stopWithin)
		if got == os.Interrupt {
			os.Exit(130)
		}
		os.Exit(143)
	}()
	return ctx, s
}

// stopWithin is how long a process that was told to stop has for it: a program that
// a step has started is given some seconds, and then killed.
const stopWithin = 8 * time.Second

// was reports whether a signal was the first that came.
func (s stopping) was(sig os.Signal) bool {
	select {
	case got := <-s.first:
		return got == sig
	default:
		return false
	}
}

// clock is the machine's clock.
type clock struct{}

func (clock) Now() time.Time { return time.Now() }

func (clock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tick(every time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// userName is who runs the program, as the machine knows them.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// release is the version that a build is given, with
//
//	go build -ldflags "-X main.release=$(git describe --tags)"
//
// where the toolchain cannot tell it: of an archive without its history.
var release string

// build is what this program was made of.
func build() cli.Build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(release, info)
}

// buildOf names the version as the release that the build was given, else as the
// toolchain recorded it for the module (a tag of this commit, or the version that go
// install was told), else as the commit.
func buildOf(release string, info *debug.BuildInfo) cli.Build {
	b := cli.Build{Version: release, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	const unknown = "(devel)"
	if info == nil {
		info = &debug.BuildInfo{}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	if b.Version != "" {
		return b
	}
	b.Version = cmp.Or(info.Main.Version, unknown)
	if b.Version == unknown && b.Commit != "" {
		b.Version += " " + b.Commit
		if b.Dirty {
			b.Version += "+dirty"
		}
	}
	return b
}
