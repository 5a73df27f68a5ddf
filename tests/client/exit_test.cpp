// A process that ends while its client is at work ends as it should: no crash, no hang, and no word of ours.
// Wherever the client lives, however the process ends, whatever the client was doing, with and without a
// child.
#include "client/client_fixture.hpp"
#include "support/loopback.hpp"

#include <array>
#include <csignal>
#include <spawn.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace multimqtt::client {
namespace {

using test::Listener;
using Strings = std::vector<std::string>;

/// How a process ended, and what it wrote to stderr.
struct End {
    int status = -1;
    bool hung = false;
    std::string text;
};

std::string contents_of(int descriptor) {
    std::string text(static_cast<std::size_t>(::lseek(descriptor, 0, SEEK_END)), '\0');
    ::lseek(descriptor, 0, SEEK_SET);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(descriptor, text.data(), text.size()), 0)));
    return text;
}

End end_of(Strings arguments) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    const int output = ::memfd_create("stderr", 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    pid_t process = -1;
    EXPECT_EQ(::posix_spawn(&process, pointers[0], &actions, nullptr, pointers.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    End end;
    end.hung = !eventually([&] { return ::waitpid(process, &end.status, WNOHANG) == process; });
    if (end.hung) {
        ::kill(process, SIGKILL);
        ::waitpid(process, &end.status, 0);
    }
    end.text = contents_of(output);
    ::close(output);
    return end;
}

struct Ending {
    const char* name;
    int status = 0;         ///< As of waitpid(2).
    const char* text = "";  ///< What the language's runtime says, not we.
    bool in_child = false;  ///< Whether a forked child can end like that too.
    bool needs_handler = false;
    bool after_thread_locals = false;  ///< It uses the client when thread-local ones are gone.
};

constexpr std::array kEndings{
    Ending{.name = "return", .in_child = true},
    Ending{.name = "close", .in_child = true},
    Ending{.name = "exit", .in_child = true},
    Ending{.name = "quick_exit", .in_child = true},
    Ending{.name = "underscore_exit", .in_child = true},
    Ending{.name = "abort", .status = SIGABRT},
    Ending{.name = "sigterm", .status = SIGTERM},
    Ending{.name = "sigint", .status = SIGINT},
    Ending{.name = "exception", .status = SIGABRT, .text = "the exception that ends the program"},
    Ending{.name = "exit_in_handler", .needs_handler = true},
    Ending{.name = "exit_in_thread"},
    Ending{.name = "atexit_closes", .in_child = true, .after_thread_locals = true},
    Ending{.name = "atexit_ends", .in_child = true},
};

struct Activity {
    const char* name;
    Listener listener = Listener::anonymous;
    bool handler_is_free = false;
};

constexpr std::array kActivities{
    Activity{.name = "connecting"},
    Activity{.name = "broker_away"},
    Activity{.name = "connected", .handler_is_free = true},
    Activity{.name = "publishing", .handler_is_free = true},
    Activity{.name = "publishing", .listener = Listener::tls, .handler_is_free = true},
    Activity{.name = "handler_runs", .listener = Listener::tls},
};

class ExitTest : public testing::TestWithParam<std::tuple<Ending, Activity>> {
protected:
    ExitTest() {
        broker_.emplace(test::MosquittoOptions{.listeners = {Listener::anonymous, Listener::tls}});
        silent_ = test::listen_on_loopback(silent_port_);
    }
    ~ExitTest() override { ::close(silent_); }

    [[nodiscard]] std::string uri(const Activity& activity) const {
        const std::string_view name = activity.name;
        if (name == "connecting") {
            return "mqtt://127.0.0.1:" + std::to_string(silent_port_);  // Accepted by the kernel alone.
        }
        return name == "broker_away" ? "mqtt://127.0.0.1:1" : broker_->uri(activity.listener);
    }

    std::optional<test::Mosquitto> broker_;
    std::uint16_t silent_port_ = 0;
    int silent_ = -1;
};

TEST_P(ExitTest, EndsAsItShouldAndSaysNothing) {
    const auto& [ending, activity] = GetParam();
    for (const std::string place : {"static", "leaked", "stack", "thread_local"}) {
        for (const std::string child : {"none", "lives", "ends_first"}) {
            if ((child == "ends_first" && !ending.in_child) ||
                (place == "thread_local" && ending.after_thread_locals)) {
                continue;  // No such end, or one that calls a client which its own program has destroyed.
            }
            SCOPED_TRACE("exit_program " + uri(activity) + " CA " + place + " " + ending.name + " " +
                         activity.name + " " + child);
            const End end = end_of({EXIT_PROGRAM, uri(activity), test::shared_certificates().file("ca.crt"),
                                    place, ending.name, activity.name, child});
            EXPECT_FALSE(end.hung);
            EXPECT_EQ(end.status & ~0x80, ending.status) << "with or without a core file";
            if (*ending.text == '\0') {
                EXPECT_EQ(end.text, "");
            } else {
                EXPECT_NE(end.text.find(ending.text), std::string::npos) << end.text;
            }
        }
    }
}

class UnloadTest : public testing::TestWithParam<Listener> {};

TEST_P(UnloadTest, OfALibraryThatHoldsAClientAtWorkDoesNoHarm) {
    const test::Mosquitto broker{{.listeners = {GetParam()}}};
    for (int round = 0; round < 5; ++round) {
        const End end =
            end_of({EXIT_PROGRAM, broker.uri(GetParam()), test::shared_certificates().file("ca.crt"),
                    "library", "return", "publishing", "none"});
        EXPECT_FALSE(end.hung);
        EXPECT_EQ(end.status, 0) << "in round " << round;
        EXPECT_EQ(end.text, "");
    }
}

INSTANTIATE_TEST_SUITE_P(Transports, UnloadTest, testing::Values(Listener::anonymous, Listener::tls),
                         [](const auto& row) {
                             return std::string{row.param == Listener::tls ? "tls" : "tcp"};
                         });

Strings combination_name(const Ending& ending, const Activity& activity) {
    return {ending.name, activity.name, activity.listener == Listener::tls ? "tls" : "tcp"};
}

std::vector<std::tuple<Ending, Activity>> combinations() {
    std::vector<std::tuple<Ending, Activity>> all;
    for (const Ending& ending : kEndings) {
        for (const Activity& activity : kActivities) {
            if (!ending.needs_handler || activity.handler_is_free) {
                all.emplace_back(ending, activity);
            }
        }
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Endings, ExitTest, testing::ValuesIn(combinations()), [](const auto& row) {
    std::string name;
    for (const std::string& part : combination_name(std::get<0>(row.param), std::get<1>(row.param))) {
        name += (name.empty() ? "" : "_") + part;
    }
    return name;
});

}  // namespace
}  // namespace multimqtt::client
