// The commands of the dynamic-security plugin, as Python sees them: the plugin's own, as dictionaries.
#include "arguments.hpp"
#include "bindings.hpp"
#include "client_object.hpp"
#include "failures.hpp"
#include "field.hpp"
#include "instance.hpp"
#include "multimqtt/dynsec.hpp"
#include "waiting.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multimqtt::bindings {
namespace {

namespace json = boost::json;

/// Keeps the Python client for as long as it asks with it.
class DynsecObject {
public:
    DynsecObject(nb::handle client, DynsecOptions options)
        : client_{nb::borrow(client)}, dynsec_{nb::cast<ClientObject&>(client).client(), options} {}

    [[nodiscard]] Dynsec& dynsec() noexcept { return dynsec_; }

private:
    nb::object client_;
    Dynsec dynsec_;
};

void construct(DynsecObject* self, nb::handle client, nb::handle timeout_s, bool allow_plain_passwords) {
    if (!nb::isinstance<ClientObject>(client)) {
        Field{"client", client}.refuse_type("a Client");
    }
    DynsecOptions options;
    options.timeout = Field{"timeout_s", timeout_s}.milliseconds();
    options.allow_plain_passwords = allow_plain_passwords;
    new (self) DynsecObject{client, options};
}

// Python's JSON is asked for the text, so that it decides what can be one. All Python objects are gone when
// this returns, as the gate demands.
std::vector<json::object> read_commands(nb::handle given) {
    const nb::module_ python_json = nb::module_::import_("json");
    nb::list list;
    for (const nb::handle command : given) {
        if (!PyDict_Check(command.ptr())) {
            Field{"commands", given}.refuse_type("a sequence of dict");
        }
        list.append(command);
    }
    const nb::object text = python_json.attr("dumps")(list);
    Py_ssize_t size = 0;
    const char* const bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    if (bytes == nullptr) {
        throw nb::python_error();
    }
    boost::system::error_code error;
    json::value value = json::parse({bytes, static_cast<std::size_t>(size)}, error);
    if (error) {
        throw_failure(Failure{DynsecError::invalid_argument,
                              "the commands cannot be written as JSON: " + error.message()});
    }
    std::vector<json::object> commands;
    for (json::value& command : value.as_array()) {
        commands.push_back(std::move(command.as_object()));
    }
    return commands;
}

// A list with the data of each answer; null with a Python error set, for the first command that failed.
PyObject* to_python(const DynsecAnswers& answers) {
    json::array data;
    for (const Result<json::object>& answer : answers) {
        if (!answer) {
            return raise_failure(answer.error());
        }
        data.emplace_back(*answer);
    }
    const std::string text = json::serialize(data);
    return nb::module_::import_("json").attr("loads")(nb::str(text.data(), text.size())).release().ptr();
}

PyObject* execute(DynsecObject& object, nb::handle given) {
    const std::vector<json::object> commands = read_commands(given);
    Result<DynsecRequest> request = object.dynsec().start(commands);
    if (!request) {
        return raise_failure(request.error());
    }
    std::optional<Result<DynsecAnswers>> answers;
    while (!answers) {
        if (!InterpreterGate::outside([&] { answers = request->wait(patience()); })) {
            return raise_failure(gate_failure());
        }
        if (PyErr_CheckSignals() != 0) {
            return nullptr;
        }
    }
    return *answers ? to_python(**answers) : raise_failure(answers->error());
}

PyObject* execute_method(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
    static const auto& signature = *new Signature{"execute", {"commands"}, 1, 1};
    DynsecObject* const object = instance_of<DynsecObject>(self);
    PyObject* values[1] = {};
    if (object == nullptr || !signature.read(arguments, count, keywords, values)) {
        return nullptr;
    }
    return guarded([&] { return execute(*object, values[0]); });
}

PyMethodDef methods[] = {
    {"execute", as_method(&execute_method), METH_FASTCALL | METH_KEYWORDS,
     "Run commands in order, as one request, and wait for the answers."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void bind_dynsec(nb::module_& module) {
    using namespace nb::literals;
    static const PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};
    nb::class_<DynsecObject>(module, "Dynsec", nb::is_final(), nb::type_slots(slots),
                             "The commands of Mosquitto's dynamic-security plugin.")
        .def("__init__", &construct, "client"_a, nb::kw_only(), "timeout_s"_a = 5.0,
             "allow_plain_passwords"_a = false);
}

}  // namespace multimqtt::bindings
