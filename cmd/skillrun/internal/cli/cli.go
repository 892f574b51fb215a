// Package cli is the command line: one file a verb. It wires nothing; the
// step catalogue, the sandbox and the world outside (streams, environment,
// clock) are handed in by main as a [Program].
//
// The result of a command goes to stdout, everything else to stderr. Exit
// codes are in exit.go.
package cli

import (
	"context"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
)

// Program is everything the command line is given.
type Program struct {
	Build  Build
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Terminal says whether a person sits at stdin and stderr.
	Terminal bool
	// OutTerminal says whether stdout is a terminal too.
	OutTerminal bool
	User        string // who runs it, "" when nobody knows
	Dir         string // working directory
	Env         func(string) (string, bool)
	Clock       engine.Clock
	// Tick ticks until it is stopped; nil is for surfaces that need no
	// heartbeat.
	Tick    func(every time.Duration) (ticks <-chan time.Time, stop func())
	Random  io.Reader
	Builtin fs.FS // NAME.yaml
	// Book are the pages of the documentation and their pictures, and Examples the skills
	// that they speak of, with their tests and the step types in steps.
	Book, Examples fs.FS
	// Catalogue builds the steps for a configuration.
	Catalogue func(cfg *config.Config, f Folders) (*step.Catalogue, error)
	// Kinds are the kinds of services that a configuration may have.
	Kinds []step.ServiceKind
	// Examiners are what doctor asks, by kind of service.
	Examiners func(cfg *config.Config, cache string) (map[string]step.Examine, error)
	// Schemas lists the schemas of the tools of an MCP server, by their names.
	Schemas func(cfg *config.Config) func(ctx context.Context, service string) (map[string]step.Schema, error)
	// Locks reaches the lock that machines share, in a repository.
	Locks func(cfg *config.Config, cache, service, repo string) (step.Lock, error)
	// Interrupt is closed when the person at the terminal wants what runs to
	// stop; the context of [Program.Run] ends when it has to. May be nil.
	Interrupt <-chan struct{}
	// Disk is how journals reach the disk; zero is the real one.
	Disk engine.Disk
	// Sandbox opens the embedded world that the options describe.
	Sandbox func(context.Context, SandboxOptions) (World, error)

	site    *config.Config    // the configuration that was read, for what it knows of failures
	vault   *vault            // the credentials that no stream shows
	screen  io.Writer         // stderr as it was given, for what draws on it
	raw     io.Writer         // stdout as it was given, for bytes that are no text
	format  string            // of --output: text, json or events
	trust   bool              // --trust: the working directory is trusted by this command
	overlay map[string][]byte // texts that are read in the place of files, by path
	noted   map[string]bool   // the notes of skills that take another's place, each told once
	hard    context.Context   // of a run: an interrupt lets it clean up first
}

// Build says what the program was made of, as version --output json prints it.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // that it was built of; "" when the build did not know
	Dirty   bool   `json:"dirty"`  // there were changes to the commit
	Go      string `json:"go"`     // the version it was built with
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Folders are where steps may keep something on this machine.
type Folders struct {
	Cache string // what they fetched, and can fetch again
	State string // what the site's skills remember; "" where no step is performed
}

// SandboxOptions say which embedded world to open, and what it is to be like.
// What is left out stays as the folder has it from the last time.
type SandboxOptions struct {
	Dir        string // where it is kept
	Addr       string // where it listens
	Log        io.Writer
	TLS        bool          // serve https, with an authority of its own
	Deployment string        // of Jira: cloud or datacenter
	Registry   string        // quay or oci
	Delay      time.Duration // before each answer
	// StandIns are what a sandbox.yaml describes; nil is nothing.
	StandIns *config.StandIns
}

// World is an open sandbox.
type World interface {
	URL() string
	Config() string // path of the skillrun.yaml that points at it
	Close() error
}

func (p *Program) env(name string) string {
	v, _ := p.Env(name)
	return v
}

// binding is what a skill is given of a configuration.
func (p *Program) binding(cfg *config.Config, skill *engine.Skill) engine.Binding {
	return engine.Binding{
		Config: cfg.ValuesFor(skill.Name), ConfigOf: cfg.ValuesFor, ConfigPlace: cfg.PlaceOf, Now: p.Clock.Now(), Zone: cfg.Zone,
	}
}

// forProgram reports whether a program reads stdout.
func (p *Program) forProgram() bool { return p.format == "json" || p.format == "events" }

// quiet is the program without a voice, for what must not be heard.
func (p *Program) quiet() *Program {
	q := *p
	q.noted = nil
	q.Stdout, q.Stderr = io.Discard, io.Discard
	return &q
}

// vault is the mask of the configuration, for streams that were opened before it.
type vault = atomic.Pointer[mask.Mask]
