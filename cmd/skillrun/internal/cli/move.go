package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/envelope"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

type moveFlags struct {
	runFlags
	to       []string
	plain    bool
	instead  bool
	out      string
	identity []string
	digest   string
}

func (p *Program) exportCmd() *cobra.Command {
	var f moveFlags
	c := &cobra.Command{
		Use: "export RUN", Short: "Move a parked run to another machine: write its archive",
		Long: `Writes a parked run to an archive for skillrun import on another machine, and
records that it continues there: it can no longer be resumed here. The archive
contains the journal of the run: its skill, its inputs, and the input and output of
every step; no credential and no configuration of the site. It is encrypted to the
public keys of --to, age1... or ssh-ed25519 ...; with --plain it is not.

Exporting the run again writes the same archive.`,
		Example: "  skillrun export last --to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --out run.skillrun\n  skillrun export k3f9q2 --to \"$(cat ~/.ssh/id_ed25519.pub)\" --out - > run.skillrun",
		Args:    one("export needs a run", "`skillrun runs --state parked` lists those that wait"),
		RunE:    func(_ *cobra.Command, args []string) error { return p.export(args[0], f) },
	}
	p.siteFlags(c, &f.runFlags, "a run of the sandbox")
	c.Flags().StringArrayVar(&f.to, "to", nil, "encrypt it to this public `key` (repeatable)")
	c.Flags().BoolVar(&f.plain, "plain", false, "do not encrypt it")
	c.Flags().BoolVar(&f.instead, "instead", false, "replace the keys of an earlier export")
	c.Flags().StringVar(&f.out, "out", "", "the `file` to write, - for stdout (default RUN.skillrun)")
	p.completeArgs(c, p.completeRuns(&f.runFlags))
	p.completeFlag(c, "to", cobra.NoFileCompletions)
	completeFiles(c, "out", "skillrun")
	return c
}

func (p *Program) export(ref string, f moveFlags) error {
	keys, err := f.keys()
	if err != nil {
		return refused(err)
	}
	e, err := p.reader(f.runFlags)
	if err != nil {
		return err
	}
	run, err := e.Find(ref)
	if err != nil {
		return refused(err)
	}
	id := run.ID
	f.out = cmp.Or(f.out, id+".skillrun")
	if err := p.writable(f); err != nil {
		return refused(err)
	}
	m := engine.ExportOptions{Instead: f.instead}
	for _, k := range keys {
		m.To = append(m.To, k.Text)
	}
	if f.plain {
		m.Fits = p.nothingSecret
	}
	moved, err := e.Export(id, m)
	if err != nil {
		return refused(err)
	}
	data := moved.Archive
	if !f.plain {
		data, err = envelope.Seal(data, keys)
	}
	if err == nil {
		err = p.deliver(f.out, data)
	}
	if err != nil {
		return &exitError{exitFailed, types.Errorf(types.CodeOf(err), "run %s is exported, but its archive was not written: %w", id, err).
			WithHint("export it again with another --out: the archive is the same")}
	}
	return p.exported(moved, f)
}

// keys are the public keys of --to.
func (f moveFlags) keys() (keys []envelope.Key, err error) {
	if f.plain == (len(f.to) > 0) {
		return nil, types.Errorf(types.BadInput, "export needs one of --to and --plain").
			WithHint("give the public key of the machine or user that imports it, --to age1… or --to \"ssh-ed25519 …\"")
	}
	for _, text := range f.to {
		k, err := envelope.ParseKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// writable refuses where an archive cannot be written, before anything is done.
func (p *Program) writable(f moveFlags) error {
	if f.out == "-" {
		switch {
		case p.forProgram():
			return types.Errorf(types.BadInput, "--out - and --output %s both write to stdout", f.output).WithHint("give --out a file")
		case p.OutTerminal:
			return types.Errorf(types.BadInput, "an archive cannot be written to a terminal").WithHint("redirect stdout to a file, or name one with --out")
		}
		return nil
	}
	if _, err := os.Lstat(p.path(f.out)); err == nil {
		return types.Errorf(types.Conflict, "%s exists already", f.out).WithHint("name another file with --out, or remove that one")
	}
	return nil
}

// nothingSecret refuses a plain archive with a credential in it: one that was given
// as an input, or that an earlier skillrun let through.
func (p *Program) nothingSecret(archive []byte) error {
	if p.vault.Load().Finds(string(archive)) {
		return types.Errorf(types.BadInput, "the run's journal contains a credential of this site, so it is not exported unencrypted").
			WithHint("encrypt it: --to KEY")
	}
	return nil
}

func (p *Program) deliver(out string, data []byte) error {
	if out == "-" {
		_, err := p.raw.Write(data)
		return err
	}
	return p.Disk.Keep(p.path(out), data)
}

// exported tells what was exported, on stderr when stdout has the archive.
func (p *Program) exported(m engine.ArchivedRun, f moveFlags) error {
	w := p.told()
	if f.out == "-" {
		w = p.Stderr
	}
	fmt.Fprintf(w, "run %s is exported, and continues where this is imported: %s\n", m.Run, f.out)
	p.about(w, m)
	next := "skillrun import " + quote(f.out)
	if f.out == "-" {
		next = "skillrun import FILE"
	}
	if len(m.To) > 0 {
		next += " --identity KEYFILE"
	}
	fmt.Fprintf(w, "to continue there: %s --digest %s\n", next, m.Digest)
	p.tell(movedJSON{ArchivedRun: m, File: f.out, Next: &render.Next{Import: next + " --digest " + m.Digest}})
	return nil
}

// movedJSON is what export and import say to a program.
type movedJSON struct {
	engine.ArchivedRun
	File string       `json:"file"`
	Next *render.Next `json:"next,omitempty"`
}

// about says what an archive is.
func (p *Program) about(w io.Writer, m engine.ArchivedRun) {
	by := ""
	if m.By != "" {
		by = " by " + m.By
	}
	fmt.Fprintf(w, "skill: %s\nexported: %s%s\n", render.Clean(m.Skill), m.At.UTC().Format(time.DateTime+"Z"), render.Clean(by))
	for _, k := range m.To {
		fmt.Fprintf(w, "for: %s\n", render.Clean(k))
	}
	for _, line := range m.Reach {
		fmt.Fprintf(w, "reaches: %s\n", render.Flat(line))
	}
	fmt.Fprintf(w, "digest: %s\n", m.Digest)
}

func (p *Program) importCmd() *cobra.Command {
	var f moveFlags
	c := &cobra.Command{
		Use: "import FILE", Short: "Import a run that was exported on another machine",
		Long: `Adds the run of an archive to this site, where it is approved, resumed and undone
like any other, with the services of this site. FILE is what skillrun export wrote;
- is stdin. An archive that is damaged, that was imported already, or whose run has
continued here is refused. Nothing is run. Approvals that were given on the other
machine are asked for again.

An imported run can run programs as you, like any skill. --digest takes the digest
that export printed, and refuses any other archive.`,
		Example: "  skillrun import run.skillrun --identity key.txt\n  skillrun import - --identity ~/.ssh/id_ed25519 < run.skillrun",
		Args:    one("import needs a file", "`skillrun export` writes one where the run is"),
		RunE:    func(_ *cobra.Command, args []string) error { return p.importRun(args[0], f) },
	}
	p.siteFlags(c, &f.runFlags, "a run of the sandbox")
	c.Flags().StringArrayVar(&f.identity, "identity", nil, "the `file` of a private key, of age-keygen or ssh-keygen (repeatable)")
	c.Flags().StringVar(&f.digest, "digest", "", "refuse an archive that has another `digest`")
	completeFiles(c, "identity")
	p.completeFlag(c, "digest", cobra.NoFileCompletions)
	p.completeArgs(c, cobra.FixedCompletions([]cobra.Completion{"skillrun"}, cobra.ShellCompDirectiveFilterFileExt))
	return c
}

func (p *Program) importRun(file string, f moveFlags) error {
	e, err := p.reader(f.runFlags)
	if err != nil {
		return err
	}
	m, err := p.openArchive(file, f)
	if err == nil {
		m, err = e.Import(m)
	}
	if err != nil {
		return refused(err)
	}
	resume := resumeCommand(m.Run, m.Reason, f.runFlags)
	fmt.Fprintf(p.told(), "run %s is imported, and continues here\n", m.Run)
	p.about(p.told(), m)
	fmt.Fprintf(p.told(), "to continue: %s\n", resume)
	p.tell(movedJSON{ArchivedRun: m, File: file, Next: &render.Next{Resume: resume}})
	return nil
}

// openArchive reads an archive, and decrypts it.
func (p *Program) openArchive(file string, f moveFlags) (engine.ArchivedRun, error) {
	data, err := p.readArchive(file)
	if err != nil {
		return engine.ArchivedRun{}, err
	}
	if envelope.Sealed(data) {
		private := make([][]byte, len(f.identity))
		for i, name := range f.identity {
			if private[i], err = readFile(p.path(name)); err != nil {
				return engine.ArchivedRun{}, types.Errorf(types.BadInput, "--identity %s cannot be read: %w", name, err).WithHint("name the file of a private key")
			}
		}
		if data, err = envelope.Open(data, private, engine.ArchiveLimit); err != nil {
			return engine.ArchivedRun{}, err
		}
	}
	m, err := engine.OpenArchive(data)
	if err == nil && f.digest != "" && !strings.EqualFold(f.digest, m.Digest) {
		err = types.Errorf(types.Conflict, "this archive has the digest %s, not %s", m.Digest, f.digest).
			WithHint("it is not the archive that was exported: ask its sender")
	}
	return m, err
}

// sealing is more than encryption adds to an archive.
const sealing = 1 << 20

// readArchive reads a file, or stdin, that is no larger than an archive can be.
func (p *Program) readArchive(file string) ([]byte, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = limited(p.Stdin, "stdin", engine.ArchiveLimit+sealing)
	} else {
		data, err = readUpTo(p.path(file), engine.ArchiveLimit+sealing)
	}
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the archive cannot be read: %w", err).WithHint("name the file that skillrun export wrote")
	}
	return data, nil
}
