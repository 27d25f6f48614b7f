package main

import (
	"io"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// newLoggers makes the controller's logger, and that of Knative, which wants zap's. Both write JSON lines to the same place, and so
// does Kubernetes' client. Knative tells of every reconcile, which is for debugging only.
func newLoggers(w io.Writer, level slog.Level) (*slog.Logger, *zap.SugaredLogger) {
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	sink := zapcore.Lock(zapcore.AddSync(w))
	core := func(level zapcore.Level) zapcore.Core {
		return zapcore.NewCore(zapcore.NewJSONEncoder(encoder), sink, level)
	}
	log := slog.New(zapslog.NewHandler(core(zapLevel(level))))
	klog.SetSlogLogger(log)
	knative := zapcore.WarnLevel
	if level <= slog.LevelDebug {
		knative = zapcore.DebugLevel
	}
	return log, zap.New(core(knative)).Sugar()
}

func zapLevel(level slog.Level) zapcore.Level {
	switch {
	case level < slog.LevelInfo:
		return zapcore.DebugLevel
	case level < slog.LevelWarn:
		return zapcore.InfoLevel
	case level < slog.LevelError:
		return zapcore.WarnLevel
	}
	return zapcore.ErrorLevel
}
