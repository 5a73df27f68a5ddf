// The error category of the dynamic-security commands.
#include "multimqtt/dynsec_error.hpp"

#include <array>
#include <string>

namespace multimqtt {
namespace {

struct Entry {
    std::string_view name;
    std::string_view description;
};

// In the order of `DynsecError`.
constexpr std::array kEntries = {
    Entry{"ok", "No failure."},
    Entry{"client_not_found", "There is no such client."},
    Entry{"group_not_found", "There is no such group."},
    Entry{"role_not_found", "There is no such role."},
    Entry{"acl_not_found", "The role has no such ACL."},
    Entry{"already_exists", "It exists already."},
    Entry{"invalid_argument", "An argument is missing, malformed or not allowed."},
    Entry{"forbidden", "The plugin never does this."},
    Entry{"not_authorized", "This client may not administer the plugin."},
    Entry{"endpoint_unavailable", "The broker has no dynamic-security plugin."},
    Entry{"unknown_command", "The plugin does not know the command."},
    Entry{"timed_out", "The plugin did not answer."},
    Entry{"interrupted", "The connection ended before the answer came."},
    Entry{"insecure", "A password would travel unencrypted."},
    Entry{"internal", "The plugin failed."},
};
static_assert(kEntries.size() == static_cast<std::size_t>(DynsecError::internal) + 1);

class Category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "multimqtt.dynsec"; }
    [[nodiscard]] std::string message(int value) const override {
        const auto index = static_cast<std::size_t>(value);
        return std::string{index < kEntries.size() ? kEntries[index].description : "unknown failure"};
    }
};

}  // namespace

const std::error_category& dynsec_error_category() noexcept {
    // Leaked on purpose: an error code may outlive static destruction.
    static const Category& category = *new Category;
    return category;
}

std::error_code make_error_code(DynsecError error) noexcept {
    return {static_cast<int>(error), dynsec_error_category()};
}

std::string_view to_string(DynsecError error) noexcept {
    const auto index = static_cast<std::size_t>(error);
    return index < kEntries.size() ? kEntries[index].name : "unknown";
}

}  // namespace multimqtt
