class C:
	def m(self):
		print 1
