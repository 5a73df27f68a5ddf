// A process that ends while its client is at work ends as it should: no crash, no hang.
#include "support/mosquitto.hpp"

#include <gtest/gtest.h>

#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace multimqtt::client {
namespace {

using test::Listener;

class ExitTest : public testing::TestWithParam<std::tuple<const char*, Listener>> {};

int status_of(const std::string& uri, const std::string& ca_certs, const std::string& ending) {
    std::string arguments[] = {EXIT_PROGRAM, uri, ca_certs, ending};
    char* const pointers[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                              arguments[3].data(), nullptr};
    pid_t process = -1;
    EXPECT_EQ(::posix_spawn(&process, EXIT_PROGRAM, nullptr, nullptr, pointers, environ), 0);
    int status = -1;
    EXPECT_EQ(::waitpid(process, &status, 0), process);
    return status;
}

TEST_P(ExitTest, EndsWithoutACrash) {
    const auto& [ending, listener] = GetParam();
    const test::Mosquitto broker{{.listeners = {listener}}};
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(status_of(broker.uri(listener), test::shared_certificates().file("ca.crt"), ending), 0)
            << "in round " << round;
    }
}

INSTANTIATE_TEST_SUITE_P(Endings, ExitTest,
                         testing::Combine(testing::Values("left", "exit_in_handler", "stuck_handler",
                                                          "closed"),
                                          testing::Values(Listener::anonymous, Listener::tls)),
                         [](const auto& row) {
                             return std::string{std::get<0>(row.param)} +
                                    (std::get<1>(row.param) == Listener::tls ? "_tls" : "_tcp");
                         });

}  // namespace
}  // namespace multimqtt::client
