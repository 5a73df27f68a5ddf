// Runs the program that makes the certificates, and removes them at the end.

#include "io/certificates.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace multimqtt::io {

namespace {

class CertificateFolder {
public:
    CertificateFolder() {
        std::string pattern = testing::TempDir() + "multimqtt-io-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error{"cannot make a folder at " + pattern};
        }
        path_ = pattern;
        const std::string command =
            "python3 '" MULTIMQTT_SOURCE_DIR "/tests/support/certificates.py' '" + path_.string() + "'";
        if (std::system(command.c_str()) != 0) {
            throw std::runtime_error{"failed: " + command};
        }
    }
    ~CertificateFolder() { std::filesystem::remove_all(path_); }
    CertificateFolder(const CertificateFolder&) = delete;
    CertificateFolder& operator=(const CertificateFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace

std::string certificate(const std::string& file) {
    static const CertificateFolder folder;
    return (folder.path() / file).string();
}

}  // namespace multimqtt::io
