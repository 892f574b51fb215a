// Skillrun runs ops skills written in YAML: checked whole before anything
// runs, shown before anything is written, resumable after a kill at any point.
//
// This file is the composition root: which steps, which world, which surface.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

func main() { os.Exit(run()) }

func run() int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	ctx, stop, signalled := withSignals(context.Background())
	defer stop()
	between := newSeams(os.LookupEnv)
	p := &cli.Program{
		Version: version(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal:    term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		User:        userName(), Dir: dir, Env: os.LookupEnv, Clock: clock{}, Tick: tick, Random: rand.Reader,
		Builtin: skills.FS, Catalogue: between.catalogue, Examiners: examiners, Locks: between.lock, Sandbox: openSandbox, Disk: between.disk,
	}
	code := p.Run(ctx, os.Args[1:])
	if code == 130 && signalled() == syscall.SIGTERM {
		return 143
	}
	return code
}

func (s seams) catalogue(cfg *config.Config, cache string) (*step.Catalogue, error) {
	return steps.All(cfg, steps.Options{Cache: cache, Wrap: s.wrap})
}

func (s seams) lock(cfg *config.Config, cache, service, repo string) (step.Lock, error) {
	return steps.Lock(cfg, steps.Options{Cache: cache, Wrap: s.wrap}, service, repo)
}

func examiners(cfg *config.Config, cache string) (map[string]step.Examine, error) {
	return steps.Examiners(cfg, steps.Options{Cache: cache})
}

func openSandbox(ctx context.Context, o cli.SandboxOptions) (cli.World, error) {
	return sandbox.Open(ctx, sandbox.Options{
		Dir: o.Dir, Addr: o.Addr, Log: o.Log, Now: time.Now,
		TLS: o.TLS, Deployment: o.Deployment, Registry: o.Registry, Delay: o.Delay,
	})
}

var errSignal = errors.New("stopped by a signal")

// withSignals returns a context that ends at the first SIGINT, SIGTERM or
// SIGHUP; a second one ends the process at once. A run is resumable either
// way.
func withSignals(parent context.Context) (context.Context, func(), func() os.Signal) {
	ctx, cancel := context.WithCancelCause(parent)
	c := make(chan os.Signal, 2)
	first := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		first <- <-c
		signal.Stop(c) // the second one has its usual effect
		cancel(errSignal)
	}()
	return ctx, func() { signal.Stop(c); cancel(nil) }, func() os.Signal {
		select {
		case s := <-first:
			return s
		default:
			return nil
		}
	}
}

// clock is the machine's clock.
type clock struct{}

// Now returns the time.
func (clock) Now() time.Time { return time.Now() }

// Sleep waits, or returns the context's error.
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

// version is the module's version as the Go toolchain recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
