// Starts the kernel on every page of a signed-in agent.
document.documentElement.classList.add("js");
