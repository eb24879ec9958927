#include "registry.h"

#include <QCoreApplication>
#include <QTest>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <span>
#include <string_view>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

std::vector<RegisteredTest>& registeredTests() {
    static std::vector<RegisteredTest> tests;
    return tests;
}

QString testOption(const QString& name) {
    const QString start = QStringLiteral("--%1=").arg(name);
    for (const QString& argument : QCoreApplication::arguments()) {
        if (argument.startsWith(start))
            return argument.sliced(start.size());
    }
    return {};
}

namespace {

/// The exit code of `run` in a process of its own, which ends when this one does; 1 when it
/// crashed.
int inOwnProcess(const std::function<int()>& run) {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::exit(run());
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status);
}

} // namespace

/// Runs every registered class, or only the ones whose names come first on the command line;
/// options that begin with "--" are for the tests themselves; the other arguments go to Qt Test.
///
/// Several classes run in a process each: a class that skips as a whole (QSKIP in initTestCase)
/// leaves Qt Test 6.8 skipping whatever the process runs next, and a crash should cost one class.
/// One alone, which is what a debugger is given, runs in this process.
int main(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + 1);
    std::vector<std::string_view> only;
    for (char* argument : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
        if (arguments.size() == 1 && std::isupper(static_cast<unsigned char>(*argument)) != 0)
            only.emplace_back(argument);
        else if (!std::string_view(argument).starts_with("--"))
            arguments.push_back(argument);
    }
    std::vector<RegisteredTest> chosen = registeredTests();
    if (!only.empty())
        std::erase_if(chosen, [&](const RegisteredTest& test) {
            return !std::ranges::contains(only, test.className());
        });
    const auto run = [&](const RegisteredTest& test) {
        const QCoreApplication application(argc, argv);
        return QTest::qExec(test.make().get(), static_cast<int>(arguments.size()),
                            arguments.data());
    };
    if (chosen.size() == 1)
        return run(chosen.front());
    int failed = chosen.empty() ? 1 : 0; // a name that is none runs nothing
    for (const RegisteredTest& test : chosen)
        failed += inOwnProcess([&] { return run(test); });
    return failed == 0 ? 0 : 1;
}
