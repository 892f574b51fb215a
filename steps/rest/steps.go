package rest

import (
	"context"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Args are the arguments of a step that talks to a service.
type Args interface {
	// ServiceName is the service that they name.
	ServiceName() string
	// About is the thing that the step is about, for people and as the effect named
	// it that made it: the service is asked again while it does not see what this run
	// made. "" is nothing of the kind. See [Settled].
	About() (what, thing string)
}

// Do is a step's function from one of a client; connect returns the client of the
// service that the arguments name.
func Do[C any, In Args, Out any](connect func(service string) (C, error), do func(C, context.Context, In) (Out, error)) step.Func[In, Out] {
	return func(ctx context.Context, in In) (Out, error) {
		what, thing := in.About()
		return Settled(ctx, what, thing, Missing, func() (Out, error) {
			return with(connect, in, func(c C) (Out, error) { return do(c, ctx, in) })
		})
	}
}

// Find is [step.Find] by a client, which waits as [Do] does.
func Find[C any, In Args, Out any](connect func(service string) (C, error), find func(C, context.Context, step.Key, In) (step.Found[Out], error)) step.Option[In, Out] {
	return step.Find(func(ctx context.Context, key step.Key, in In) (step.Found[Out], error) {
		what, thing := in.About()
		return Settled(ctx, what, thing, Missing, func() (step.Found[Out], error) {
			return with(connect, in, func(c C) (step.Found[Out], error) { return find(c, ctx, key, in) })
		})
	})
}

// Resolve is [step.Resolve] by a client.
func Resolve[C any, In Args, Out any](connect func(service string) (C, error), format string, resolve func(C, context.Context, string, In) (Out, error)) step.Option[In, Out] {
	return step.Resolve(format, func(ctx context.Context, ref string, in In) (Out, error) {
		return with(connect, in, func(c C) (Out, error) { return resolve(c, ctx, ref, in) })
	})
}

// Update is [step.Update] by a client.
func Update[C any, In Args, Out any](connect func(service string) (C, error), update func(C, context.Context, step.Key, In, Out) (Out, error)) step.Option[In, Out] {
	return step.Update(func(ctx context.Context, key step.Key, in In, out Out) (Out, error) {
		return with(connect, in, func(c C) (Out, error) { return update(c, ctx, key, in, out) })
	})
}

// Undo is [step.Undo] by a client: look says why the effect cannot be reversed now,
// or returns what reverses it, nil when nothing has to be done.
func Undo[C any, In Args, Out any](connect func(service string) (C, error), describe func(In, Out) string, look func(C, context.Context, step.Key, In, Out) (reverse func() error, err error)) step.Option[In, Out] {
	see := func(ctx context.Context, key step.Key, in In, out Out) (reverse func() error, err error) {
		return with(connect, in, func(c C) (func() error, error) { return look(c, ctx, key, in, out) })
	}
	return step.Undo(step.Undoing[In, Out]{
		Describe: describe,
		Check: func(ctx context.Context, key step.Key, in In, out Out) error {
			_, err := see(ctx, key, in, out)
			return err
		},
		Do: func(ctx context.Context, key step.Key, in In, out Out) error {
			reverse, err := see(ctx, key, in, out)
			if err != nil || reverse == nil {
				return err
			}
			return reverse()
		},
	})
}

func with[C, Out any](connect func(service string) (C, error), in Args, use func(C) (Out, error)) (out Out, err error) {
	c, err := connect(in.ServiceName())
	if err != nil {
		return out, err
	}
	return use(c)
}

// UnlessGone forgives a deletion that someone else has deleted what was just seen.
func UnlessGone(err error) error {
	if Missing(err) {
		return nil
	}
	return err
}

// Codes are those that every step of a service may return, and more.
func Codes(more ...types.Code) []types.Code {
	return append([]types.Code{types.NotFound, types.Auth, types.Forbidden, types.Network, types.Timeout,
		types.RateLimited, types.Unavailable}, more...)
}
