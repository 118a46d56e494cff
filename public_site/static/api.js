// Shows the description of the API with Swagger UI, which is served from this site like all else.
const viewer = document.getElementById("viewer");
window.SwaggerUIBundle({
  url: viewer.dataset.document,
  domNode: viewer,
  validatorUrl: null,
  deepLinking: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  syntaxHighlight: { activated: false },
});
document.getElementById("viewer-part").hidden = false;
