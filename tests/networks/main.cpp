// Enters a network of its own before anything else, and says in words what that makes possible.
#include "networks/own_network.hpp"

#include <gtest/gtest.h>

#include <iostream>

int main(int count, char** arguments) {
    testing::InitGoogleTest(&count, arguments);
    if (!GTEST_FLAG_GET(list_tests)) {
        using multimqtt::test::OwnNetwork;
        OwnNetwork::enter();
        if (OwnNetwork::tunnel() >= 0) {
            std::cout << "Network: one of its own; faults are faults of packets.\n";
        } else {
            std::cout
                << "Network: loopback through a proxy, so that packets are neither lost nor reordered, and\n"
                   "         the kernel takes what nobody receives. No network of its own: "
                << OwnNetwork::obstacle() << ".\n";
        }
    }
    return RUN_ALL_TESTS();
}
