// Draws the API's description; validatorUrl is off because it would ask another host.
window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", validatorUrl: null, deepLinking: true });
