// Runs the mochi broker for the tests: one listener, everything allowed, its state in memory.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func run() error {
	address := flag.String("address", "", "where to listen, such as 127.0.0.1:1883")
	flag.Parse()

	logger := slog.New(slog.NewTextHandler(os.Stdout, nil))
	server := mqtt.New(&mqtt.Options{Logger: logger})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		return err
	}
	listener := listeners.NewTCP(listeners.Config{ID: "tcp", Address: *address})
	if err := server.AddListener(listener); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	if err := server.Serve(); err != nil {
		return err
	}
	fmt.Println("mochi", mqtt.Version, "listens")
	<-ended
	return server.Close()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
