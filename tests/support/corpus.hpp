// The inputs that a fuzzer starts from, replayed in a normal test.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

namespace multimqtt::test {

/// Holds `property`, which says what does not hold, against every file of `folder`. Returns how many there
/// are.
template <class Property>
[[nodiscard]] std::size_t replay(const std::filesystem::path& folder, Property property) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        std::ifstream file{entry.path(), std::ios::binary};
        const std::string content{std::istreambuf_iterator<char>{file}, {}};
        EXPECT_EQ(property(std::as_bytes(std::span{content})), "") << entry.path();
        ++files;
    }
    return files;
}

}  // namespace multimqtt::test
