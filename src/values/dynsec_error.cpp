// The error category of the dynamic-security commands.
#include "multimqtt/dynsec_error.hpp"

#include "values/error_table.hpp"

#include <iterator>

namespace multimqtt {
namespace {

// In the order of `DynsecError`.
constexpr ErrorEntry kEntries[] = {
    {"ok", "No failure."},
    {"client_not_found", "There is no such client."},
    {"group_not_found", "There is no such group."},
    {"role_not_found", "There is no such role."},
    {"acl_not_found", "The role has no such ACL."},
    {"already_exists", "It exists already."},
    {"invalid_argument", "An argument is missing, malformed or not allowed."},
    {"forbidden", "The plugin never does this."},
    {"not_authorized", "This client may not administer the plugin."},
    {"endpoint_unavailable", "The broker has no dynamic-security plugin."},
    {"unknown_command", "The plugin does not know the command."},
    {"timed_out", "The plugin did not answer."},
    {"interrupted", "The connection ended before the answer came."},
    {"insecure", "A password would travel unencrypted."},
    {"internal", "The plugin failed."},
};
static_assert(std::size(kEntries) == static_cast<std::size_t>(DynsecError::internal) + 1);

const auto& category() noexcept {
    // Leaked on purpose: an error code may outlive static destruction.
    static const auto& table = *new ErrorTable{"multimqtt.dynsec", kEntries};
    return table;
}

}  // namespace

const std::error_category& dynsec_error_category() noexcept {
    return category();
}

std::error_code make_error_code(DynsecError error) noexcept {
    return {static_cast<int>(error), category()};
}

std::string_view to_string(DynsecError error) noexcept {
    return category().name_of(static_cast<int>(error));
}

}  // namespace multimqtt
